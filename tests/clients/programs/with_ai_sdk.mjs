// What a user of Vercel's AI SDK writes: OpenAI's provider with the gateway's address, for both
// APIs; the same with nothing stored; and the provider for servers that are like OpenAI's.
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { Output, generateText, stepCountIs, streamText, tool as asTool } from "ai";
import { z } from "zod";
import {
  BROKEN, City, HELLO, QUESTION, Weather, called, getWeather, raised, report,
} from "./steps.mjs";

const [url, strictUrl] = process.argv.slice(2);

function model(api, name = "demo", baseURL = url) {
  const options = { baseURL, apiKey: "unused" };
  if (api === "compatible") {
    const features = { includeUsage: true, supportsStructuredOutputs: true };
    return createOpenAICompatible({ name: "harmonium", ...options, ...features })(name);
  }
  return createOpenAI(options)[api === "stateless" ? "responses" : api](name);
}

function asking(api, prompt, ...where) {
  const stateless = { openai: { store: false, include: ["reasoning.encrypted_content"] } };
  const providerOptions = api === "stateless" ? stateless : {};
  const onError = () => {}; // streams print their errors otherwise
  const abortSignal = AbortSignal.timeout(60_000);
  const rest = { providerOptions, onError, abortSignal, maxRetries: 0 };
  return { model: model(api, ...where), prompt, ...rest };
}

const inputSchema = z.object({ city: City });
const description = "Tell the weather of a city.";
const tools = { get_weather: asTool({ description, inputSchema, execute: getWeather }) };
const looping = { tools, stopWhen: stepCountIs(3) };

async function told(result) {
  const usage = await result.usage;
  const reasoning = await result.reasoning;
  return {
    text: await result.text,
    usage: [usage.inputTokens, usage.outputTokens],
    reasoning: reasoning.map((part) => part.text).filter((text) => text),
  };
}

async function answer(api) {
  return told(await generateText(asking(api, HELLO)));
}

async function stream(api) {
  const result = streamText(asking(api, HELLO));
  const pieces = [];
  for await (const piece of result.textStream) pieces.push(piece);
  return { pieces, ...await told(result) };
}

async function tool(api) {
  const { text } = await generateText({ ...asking(api, QUESTION), ...looping });
  return { text, called: [...called] };
}

async function streamed_tool(api) {
  const result = streamText({ ...asking(api, QUESTION), ...looping });
  return { text: await result.text, called: [...called] };
}

async function structured(api) {
  const output = Output.object({ schema: Weather });
  return (await generateText({ ...asking(api, QUESTION), output })).output;
}

function error(api) {
  return raised(generateText(asking(api, HELLO, "another")));
}

function broken_stream(api) {
  const { fullStream } = streamText(asking(api, BROKEN, "demo", strictUrl));
  return raised((async () => {
    for await (const part of fullStream) if (part.type === "error") throw part.error;
  })());
}

const apis = ["chat", "responses", "stateless", "compatible"];
await report(apis, answer, stream, tool, streamed_tool, structured, error, broken_stream);
