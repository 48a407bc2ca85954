// Drives the official JavaScript SDK of OpenAI, and prints what came of each call as JSON.
// `openai_javascript.mjs BASE KEY VOICE` runs where the SDKs are installed.
// This SDK has no call for voices or their consents: `calls` lists what its `audio` has.

import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/`);
const { OpenAI } = require("openai");

const TEXT = "The harbour lamps were lit before the boats came home that evening.";

async function note(call) {
  try {
    return { ok: await call() };
  } catch (error) {
    return { error: error.constructor.name, message: String(error.message) };
  }
}

async function collect(response) {
  let size = 0;
  for await (const piece of response.body) size += piece.length;
  return size;
}

const [base, key, voice] = process.argv.slice(2);
const client = new OpenAI({
  apiKey: key,
  baseURL: base,
  defaultHeaders: { "Sayso-Language": "en" },
});
const words = { model: "gpt-4o-mini-tts", voice, input: TEXT };
const speak = (more, options) => client.audio.speech.create({ ...words, ...more }, options);
const done = {};
done.calls = { ok: Object.keys(client.audio).filter((name) => name !== "_client").sort() };
done.speak = await note(async () => (await (await speak({})).arrayBuffer()).byteLength);
done.stream = await note(async () => collect(await speak({ response_format: "pcm" })));
done.events = await note(async () =>
  collect(await speak({ response_format: "pcm", stream_format: "sse" })),
);
done.refused = await note(async () =>
  collect(
    await speak(
      { input: "港の明かりは船が帰る前に灯されました。" },
      { headers: { "Sayso-Language": "ja" } },
    ),
  ),
);
console.log(JSON.stringify(done));
