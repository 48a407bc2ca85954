// Drives the official JavaScript SDK of Resemble, and prints what came of each call as JSON.
// `resemble_javascript.mjs BASE API_BASE KEY VOICE GATED` runs where the SDKs are installed.
// Its `recordings.create` names no boundary of its form, so no server can read it: `record` says so.

import { createRequire } from "node:module";
import { createReadStream, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const require = createRequire(`${process.cwd()}/`);
const { Resemble } = require("@resemble/node");

const TEXT = "The harbour lamps were lit before the boats came home that evening.";
const OTHER = "港の明かりは船が帰る前に灯されました。";

async function note(call) {
  try {
    return { ok: await call() };
  } catch (error) {
    return { error: error.constructor.name, message: String(error.message) };
  }
}

async function collect(stream) {
  let size = 0;
  for await (const piece of stream) size += (piece.data ?? piece).length;
  return size;
}

const [base, apiBase, key, voice, gated] = process.argv.slice(2);
Resemble.setApiKey(key);
Resemble.setBaseUrl(apiBase);
Resemble.setSynthesisUrl(`${base}/`);
const { voices, recordings, clips, batch } = Resemble.v2;
const done = {};
done.get = await note(async () => (await voices.get(voice)).item.status);
done.list = await note(async () => (await voices.all(1, 10)).items.map((one) => one.name));
const direct = { voice_uuid: voice, project_uuid: "harbour", output_format: "wav" };
done.direct = await note(
  async () => (await clips.createDirect({ ...direct, data: TEXT })).audio_content.length,
);
done.stream = await note(() =>
  collect(clips.stream({ voice_uuid: voice, project_uuid: "harbour", data: TEXT })),
);
if (gated) {
  done.clip = await note(
    async () =>
      (await clips.createSync("harbour", { voice_uuid: voice, body: TEXT, raw: true })).item
        .raw_audio.length,
  );
  done.refused = await note(() => clips.createDirect({ ...direct, data: OTHER }));
  done.batch = await note(() => batch.create("harbour", { voice_uuid: voice, body: [TEXT] }));
}
const file = fileURLToPath(import.meta.url);
done.record = await note(() =>
  recordings.create(
    voice,
    { name: "one", text: "A reading.", emotion: "neutral", is_active: true },
    createReadStream(file),
    statSync(file).size,
  ),
);
done.delete = await note(async () => (await voices.delete(voice)).success);
console.log(JSON.stringify(done));
