// What every client program does with its steps: run each, for each API, and print what came of it.
// Also the tool and the form that all of them ask for. It knows no client and no server.
import { z } from "zod";

export const HELLO = "Hello";
export const QUESTION = "How is the weather?";
export const BROKEN = "demo:fault=missing-start";
export const City = z.enum(["Bern", "Rome"]);
export const Weather = z.object({ city: City, degrees: z.number().int().min(20) });
export const called = [];

export function getWeather({ city }) {
  called.push(city);
  return `20 degrees and sunny in ${city}`;
}

// Awaits what must fail, and tells what a user sees of it.
export async function raised(promise) {
  try {
    return { text: await promise };
  } catch (error) {
    const status = error.status ?? error.statusCode ?? null;
    return { class: error.constructor.name, status, message: error.message };
  }
}

async function outcome(step, api) {
  called.length = 0;
  try {
    return await step(api);
  } catch (error) {
    return { failed: error.stack };
  }
}

export async function report(apis, ...steps) {
  const told = {};
  for (const api of apis) {
    told[api] = {};
    for (const step of steps) told[api][step.name] = await outcome(step, api);
  }
  console.log(`\n${JSON.stringify(told)}`);
}
