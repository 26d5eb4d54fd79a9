// What a user of the openai package writes in JavaScript: the address is the gateway's.
import OpenAI from "openai";
import { zodFunction, zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import {
  BROKEN, City, HELLO, QUESTION, Weather, called, getWeather, raised, report,
} from "./steps.mjs";

const options = { apiKey: "unused", maxRetries: 0, timeout: 60_000 };
const client = new OpenAI({ baseURL: process.argv[2], ...options });
const strict = new OpenAI({ baseURL: process.argv[3], ...options });
const says = (content) => [{ role: "user", content }];
const parameters = z.object({ city: City });

function told(api, answer) {
  if (api === "chat") {
    const { message } = answer.choices[0];
    return {
      text: message.content,
      usage: [answer.usage.prompt_tokens, answer.usage.completion_tokens],
      reasoning: [message.reasoning],
    };
  }
  const items = answer.output.filter((item) => item.type === "reasoning");
  return {
    text: answer.output_text,
    usage: [answer.usage.input_tokens, answer.usage.output_tokens],
    reasoning: items.flatMap((item) => item.content.map((part) => part.text)),
  };
}

async function answer(api) {
  const made = api === "chat"
    ? client.chat.completions.create({ model: "demo", messages: says(HELLO) })
    : client.responses.create({ model: "demo", input: HELLO });
  return told(api, await made);
}

async function stream(api) {
  const pieces = [];
  if (api === "chat") {
    const stream_options = { include_usage: true };
    const body = { model: "demo", messages: says(HELLO), stream_options };
    const helper = client.chat.completions.stream(body);
    helper.on("content", (piece) => pieces.push(piece));
    return { pieces, ...told(api, await helper.finalChatCompletion()) };
  }
  const helper = client.responses.stream({ model: "demo", input: HELLO });
  helper.on("response.output_text.delta", (event) => pieces.push(event.delta));
  return { pieces, ...told(api, await helper.finalResponse()) };
}

async function tool(api) {
  if (api === "responses") return responsesTool(false);
  const declared = zodFunction({ name: "get_weather", parameters, function: getWeather });
  const runner = client.chat.completions.runTools({
    model: "demo", messages: says(QUESTION), tools: [declared],
  });
  return { text: await runner.finalContent(), called: [...called] };
}

async function streamed_tool(api) {
  if (api === "responses") return responsesTool(true);
  const declared = zodFunction({ name: "get_weather", parameters, function: getWeather });
  const runner = client.chat.completions.runTools({
    model: "demo", messages: says(QUESTION), tools: [declared], stream: true,
  });
  return { text: await runner.finalContent(), called: [...called] };
}

async function responsesTool(isStream) {
  const tools = [{
    type: "function", name: "get_weather", strict: true, parameters: z.toJSONSchema(parameters),
  }];
  const body = { model: "demo", input: says(QUESTION), tools };
  const first = isStream
    ? await client.responses.stream(body).finalResponse()
    : await client.responses.create(body);
  const call = first.output.find((item) => item.type === "function_call");
  const output = getWeather(JSON.parse(call.arguments));
  const result = { type: "function_call_output", call_id: call.call_id, output };
  const input = [...says(QUESTION), ...first.output, result];
  const last = await client.responses.create({ ...body, input });
  return { text: last.output_text, called: [...called] };
}

async function structured(api) {
  if (api === "chat") {
    const response_format = zodResponseFormat(Weather, "weather");
    const body = { model: "demo", messages: says(QUESTION), response_format };
    return (await client.chat.completions.parse(body)).choices[0].message.parsed;
  }
  const text = { format: zodTextFormat(Weather, "weather") };
  return (await client.responses.parse({ model: "demo", input: QUESTION, text })).output_parsed;
}

function error(api) {
  return raised(api === "chat"
    ? client.chat.completions.create({ model: "another", messages: says(HELLO) })
    : client.responses.create({ model: "another", input: HELLO }));
}

async function broken_stream(api) {
  if (api === "chat") {
    const helper = strict.chat.completions.stream({ model: "demo", messages: says(BROKEN) });
    return raised(helper.finalContent());
  }
  const helper = strict.responses.stream({ model: "demo", input: BROKEN });
  const response = await helper.finalResponse();
  return { class: response.status, message: response.error.message };
}

const apis = ["chat", "responses"];
await report(apis, answer, stream, tool, streamed_tool, structured, error, broken_stream);
