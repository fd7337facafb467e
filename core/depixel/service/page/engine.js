// The engine on this computer: the same requests as every other program's, with this tab's session token.

const STORED = "depixel-session";

/** The engine does not answer. */
export class EngineGone extends Error {}

/** The engine refused; the message is a sentence for people. */
export class Refusal extends Error {
  constructor(code, sentence) {
    super(sentence);
    this.code = code;
  }
}

let session = sessionStorage.getItem(STORED) ?? "";

/** Exchange the one-time key in the address for this tab's session, and take it out of the address bar. */
export async function enter() {
  const key = new URLSearchParams(location.hash.slice(1)).get("key") ?? "";
  history.replaceState(null, "", location.pathname);
  const response = await reach("/page/session", { method: "POST", body: JSON.stringify({ key }) });
  keep((await json(response)).session);
}

/** Keep a session token for as long as this tab lives. */
export function keep(token) {
  session = token;
  sessionStorage.setItem(STORED, token);
}

/** The files that were named on the command line: [{name, load()}]; each tab is told once. */
export async function namedFiles() {
  const { files } = await json(await ask("/page/files"));
  return files.map((file, number) => ({ name: file.name, load: () => named(number) }));
}

/** Whether this tab has a session; the engine may not accept it any more. */
export const hasSession = () => session !== "";

/** What the engine is and what it is doing. */
export const hello = async () => json(await ask("/hello"));

/** Actions and their options, formats, examples. */
export const options = async () => json(await ask("/options"));

async function named(number) {
  const response = await ask(`/page/files/${number}`);
  if (!response.ok) await json(response);
  return response.blob();
}

/** Send a picture; resolves to the id of its job. */
export async function send(blob, request) {
  const headers = { "Content-Type": "application/octet-stream", "Depixel-Request": header(request) };
  return (await json(await ask("/jobs", { method: "POST", headers, body: blob }))).job;
}

/** Send an original and what another program made of it; resolves to the id of the job that makes it exact. */
export async function sendPair(original, result, names, request) {
  const headers = { "Depixel-Request": header({ ...request, original: original.size, names }) };
  return (await json(await ask("/projections", { method: "POST", headers, body: new Blob([original, result]) }))).job;
}

/** Send a texture pack to be looked at, or to be made larger; resolves to the id of the job. */
export async function sendPack(blob, request) {
  const headers = { "Content-Type": "application/zip", "Depixel-Request": header(request) };
  return (await json(await ask("/packs", { method: "POST", headers, body: blob }))).job;
}

/** The file that a job made. */
export async function jobFile(job) {
  const response = await ask(`/jobs/${job}/file`);
  if (!response.ok) await json(response);
  return whole(response);
}

/** The news of a job, line by line, until it is done. Throws Refusal if it fails, EngineGone if the engine cancels it. */
export async function* events(job, signal) {
  const response = await ask(`/jobs/${job}/events`, { signal });
  if (!response.ok) await json(response);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let ended = false;
  try {
    while (!ended) {
      const { done, value } = await reader.read().catch((error) => {
        if (error.name === "AbortError") throw error;
        throw new EngineGone(error.message);
      });
      if (done) throw new EngineGone("the news ended early");
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines.filter((text) => text.trim())) {
        const news = JSON.parse(line);
        if (news.event === "failed") throw new Refusal(news.code, news.sentence);
        if (news.event === "cancelled") throw new EngineGone("the engine is stopping");
        ended = news.event === "done";
        yield news;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** An answer as a file: {blob, residual}; residual only where the format changes pixels. */
export async function answer(job, index, type) {
  const response = await ask(`/jobs/${job}/candidates/${index}`, { headers: { Accept: type } });
  if (!response.ok) await json(response);
  const residual = response.headers.get("Depixel-Residual");
  return { blob: await whole(response), residual: residual ? JSON.parse(residual) : null };
}

/** Where the answers of a job differ, as a PNG. */
export async function heat(job) {
  const response = await ask(`/jobs/${job}/disagreement`);
  if (!response.ok) await json(response);
  return whole(response);
}

/** Cancel a job, or forget it. */
export const forget = (job) => ask(`/jobs/${job}`, { method: "DELETE" }).catch(() => {});

/** What a picture file holds, and how the engine would take it. */
export async function facts(blob, request) {
  const headers = { Accept: "application/json", "Depixel-Request": header(request) };
  return json(await ask("/pictures", { method: "POST", headers, body: blob }));
}

/** A picture file in another format. */
export async function convert(blob, name, type) {
  const headers = { Accept: type, "Depixel-Request": header({ picture: { name } }) };
  const response = await ask("/pictures", { method: "POST", headers, body: blob });
  if (!response.ok) await json(response);
  return whole(response);
}

async function ask(path, options = {}) {
  const headers = { ...options.headers, Authorization: `Bearer ${session}` };
  return reach(path, { ...options, headers });
}

async function reach(path, options) {
  try {
    return await fetch(path, { cache: "no-store", credentials: "omit", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new EngineGone(error.message);
  }
}

async function whole(response) {
  try {
    return await response.blob();
  } catch (error) {
    throw new EngineGone(error.message);
  }
}

async function json(response) {
  let values;
  try {
    values = await response.json();
  } catch (error) {
    throw new EngineGone(error.message);
  }
  if (!response.ok) throw new Refusal(values.code ?? "error", values.sentence ?? response.statusText);
  return values;
}

// Headers are ASCII: other letters travel as JSON escapes.
function header(request) {
  const text = JSON.stringify({ program: "page", ...request });
  return text.replace(/[\u007f-\uffff]/g, (letter) => "\\u" + letter.charCodeAt(0).toString(16).padStart(4, "0"));
}
