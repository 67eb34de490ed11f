import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  CodeActionKind,
  type CodeAction,
  type Diagnostic,
  DidChangeTextDocumentNotification,
  DidChangeWatchedFilesNotification,
  DidCloseTextDocumentNotification,
  ExecuteCommandRequest,
  type Hover,
  HoverRequest,
  RegistrationRequest,
  ShowDocumentRequest,
  type TextDocumentEdit,
  type TextEdit,
} from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { editor, type LspClient, startLsp } from "./support/lsp-client.ts";
import { ddiff, repository } from "./support/run.ts";

let folder: string;
let uri: string;
let client: LspClient | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lsp-"));
  uri = pathToFileURL(join(folder, "Dockerfile")).href;
});

afterEach(() => {
  client?.child.kill("SIGKILL");
  client = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function start(capabilities = editor): Promise<LspClient> {
  const words = [join(repository, "src", "main.ts"), "lsp", "--stdio"];
  client = await startLsp(process.execPath, words, pathToFileURL(folder).href, capabilities);
  return client;
}

const text =
  "FROM nvidia/cuda:12.1.0-runtime-ubuntu22.04\nRUN apt-get update && apt-get install -y --no-install-recommends python3-pip\nRUN pip install torch==2.5.1\n";
const everything = { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } };
const codes = (list: readonly Diagnostic[]): unknown[] => list.map((one) => one.code);

const frame = (body: string): string => `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

function applied(before: string, action: CodeAction): string {
  const [change] = action.edit?.documentChanges ?? [];
  const edits = (change as TextDocumentEdit).edits as TextEdit[];
  return TextDocument.applyEdits(TextDocument.create(uri, "dockerfile", 1, before), edits);
}

describe("an editor", () => {
  test("sees findings after each edit, and none once the document is closed", async () => {
    const server = await start();
    expect(server.hello.capabilities.positionEncoding).toBe("utf-16");
    const first = await server.open(uri, text);
    expect(codes(first)).toContain("pip-cache-kept");
    const pip = first.find((one) => one.code === "pip-cache-kept");
    expect(pip).toMatchObject({ severity: 2, source: "ddiff", range: { start: { line: 2 } } });
    expect(readFileSync(fileURLToPath(pip?.codeDescription?.href ?? ""), "utf8")).toContain(
      "# pip-cache-kept",
    );
    const place = { line: 2, character: "RUN pip install".length };
    const second = await server.edit(uri, 2, { start: place, end: place }, " --no-cache-dir");
    expect(codes(second)).not.toContain("pip-cache-kept");
    const gone = server.published(uri, ({ diagnostics }) => diagnostics.length === 0);
    await server.connection.sendNotification(DidCloseTextDocumentNotification.type, {
      textDocument: { uri },
    });
    expect(await gone).toEqual([]);
    expect(await server.close()).toBe(0);
    expect(server.stderr()).toBe("");
  });

  test("counts columns in UTF-16, also behind characters of two units", async () => {
    const server = await start();
    const found = await server.open(uri, 'FROM debian:12\nLABEL a="🐳🐳" MAINTAINER=x\nADD 🐳.txt /\n');
    const add = found.find((one) => one.code === "add-for-local-files");
    expect(add?.range).toEqual({ start: { line: 2, character: 0 }, end: { line: 2, character: 12 } });
  });

  test.each([["\n"], ["\r\n"]])(
    "mends a finding, and all that is safe, with line ends %j",
    async (newline) => {
      const server = await start();
      const written = text.replaceAll("\n", newline);
      const found = await server.open(uri, written);
      const offered = await server.actions(uri, everything, found);
      const pip = offered.find(({ title }) => title === "Add --no-cache-dir");
      expect(pip).toMatchObject({
        isPreferred: true,
        kind: CodeActionKind.QuickFix,
        diagnostics: [{ code: "pip-cache-kept" }],
      });
      const mended = applied(written, await server.resolve(pip as CodeAction));
      expect(mended).toBe(written.replace("pip install", "pip install --no-cache-dir"));
      const [all, ...more] = await server.actions(uri, everything, [], ["source.fixAll"]);
      expect(more).toEqual([]);
      expect(all?.kind).toBe("source.fixAll.ddiff");
      const clean = applied(written, await server.resolve(all as CodeAction));
      const left = await server.edit(uri, 2, everything, clean);
      expect(left.length).toBeLessThan(found.length);
      expect(await server.actions(uri, everything, left, ["source.fixAll"])).toEqual([]);
    },
  );

  test("that does not ask for edits later gets them at once", async () => {
    const server = await start({});
    await server.open(uri, text);
    const offered = await server.actions(uri, everything);
    for (const action of offered) expect(action.edit?.changes?.[uri]?.length).toBeGreaterThan(0);
    expect(offered.map(({ title }) => title)).toContain("Ignore pip-cache-kept here");
    expect(offered.some(({ command }) => command !== undefined)).toBe(false);
  });

  test("ignores a finding where it stands", async () => {
    const server = await start();
    const found = await server.open(uri, text);
    const offered = await server.actions(uri, everything, found);
    const ignore = offered.find(({ title }) => title === "Ignore pip-cache-kept here");
    const after = applied(text, await server.resolve(ignore as CodeAction));
    expect(after).toContain("\n# ddiff ignore=pip-cache-kept because …\nRUN pip");
    expect(codes(await server.edit(uri, 2, everything, after))).not.toContain("pip-cache-kept");
  });

  test("opens the page of a rule", async () => {
    const server = await start();
    await server.open(uri, text);
    const shown = new Promise<string>((resolve) => {
      server.connection.onRequest(ShowDocumentRequest.type, (params) => {
        resolve(params.uri);
        return { success: true };
      });
    });
    const offered = await server.actions(uri, everything);
    const explain = offered.find(({ title }) => title === "Explain pip-cache-kept")?.command;
    const { command = "", arguments: words = [] } = explain ?? {};
    await server.connection.sendRequest(ExecuteCommandRequest.type, { command, arguments: words });
    expect(readFileSync(fileURLToPath(await shown), "utf8")).toMatch(/^# pip-cache-kept\n/);
  });

  test.each([
    [0, 8, ["cuda-tag-dead", "ubuntu:22.04, security updates until 2027", "driver needed: 525"]],
    [2, 18, ["torchvision: 0.20.1", "CUDA 12.4"]],
    [2, 6, ["pip-cache-kept", "/root/.cache/pip"]],
  ])("learns at %i:%i what stands there", async (line, character, parts) => {
    const server = await start();
    await server.open(uri, text);
    const position = { line, character };
    const hover: Hover | null = await server.connection.sendRequest(HoverRequest.type, {
      textDocument: { uri },
      position,
    });
    const contents = hover?.contents as { value: string } | undefined;
    for (const part of parts) expect(contents?.value.replaceAll("\\", "")).toContain(part);
  });

  test("gets compose files and .dockerignore files checked, and no others", async () => {
    const server = await start();
    const compose = pathToFileURL(join(folder, "compose.yaml")).href;
    const yaml = "services:\n  a:\n    image: nvidia/cuda:12.1.0-runtime-ubuntu22.04\n    privileged: true\n";
    expect(codes(await server.open(compose, yaml, "yaml"))).toContain("compose-privileged");
    const ignore = pathToFileURL(join(folder, ".dockerignore")).href;
    expect(await server.open(ignore, "*.{pt,onnx}\n", "ignore")).not.toEqual([]);
    const other = pathToFileURL(join(folder, "values.yaml")).href;
    const silent = server.open(other, yaml, "yaml");
    const again = await server.edit(compose, 2, everything, yaml.replace("    privileged: true\n", ""));
    expect(codes(again)).not.toContain("compose-privileged");
    expect(await Promise.race([silent, Promise.resolve("nothing")])).toBe("nothing");
  });
});

const configFile = (): string => join(folder, ".ddiff.yaml");

const told = async (server: LspClient): Promise<void> =>
  server.connection.sendNotification(DidChangeWatchedFilesNotification.type, {
    changes: [{ uri: pathToFileURL(configFile()).href, type: 2 }],
  });

describe("the configuration", () => {
  test("counts, and again when it changed; one that is wrong is said where people look", async () => {
    writeFileSync(configFile(), "lint:\n  rules:\n    pip-cache-kept: off\n");
    const capabilities = {
      ...editor,
      workspace: { ...editor.workspace, didChangeWatchedFiles: { dynamicRegistration: true } },
    };
    const server = await start(capabilities);
    server.connection.onRequest(RegistrationRequest.type, () => {});
    expect(codes(await server.open(uri, text))).not.toContain("pip-cache-kept");
    writeFileSync(configFile(), "lint:\n  rules:\n    pip-cache-kept: error\n");
    const louder = server.published(uri, ({ diagnostics }) =>
      diagnostics.some((one) => one.code === "pip-cache-kept"),
    );
    await told(server);
    expect((await louder).find((one) => one.code === "pip-cache-kept")?.severity).toBe(1);
    writeFileSync(configFile(), "lint:\n  rules:\n    no-such-rule: error\n");
    const wrong = server.published(uri, ({ diagnostics }) => diagnostics.length === 1);
    await told(server);
    expect((await wrong)[0]?.message).toMatch(/\.ddiff\.yaml is wrong: .*no-such-rule/);
  });

  test("is looked at from time to time for an editor that tells nothing", async () => {
    const server = await start();
    expect(codes(await server.open(uri, text))).toContain("pip-cache-kept");
    const quieter = server.published(uri, () => true);
    writeFileSync(configFile(), "lint:\n  rules:\n    pip-cache-kept: off\n");
    expect(codes(await quieter)).not.toContain("pip-cache-kept");
  });
});

test("an edit of a long Dockerfile is answered while a person still types", async () => {
  const server = await start();
  const long = `FROM python:3.12\n${"RUN pip install \\\n    numpy \\\n    requests\n".repeat(333)}`;
  await server.open(uri, long);
  const times: number[] = [];
  for (let edit = 0; edit < 30; edit += 1) {
    const place = { line: 2 + 30 * edit, character: 4 };
    const from = performance.now();
    await server.edit(uri, edit + 2, { start: place, end: place }, "x");
    times.push(performance.now() - from);
  }
  // The target is 50 ms on a quiet machine ("npm run bench -- lint"); this one runs other tests meanwhile.
  expect(times.sort((a, b) => a - b)[15]).toBeLessThan(400);
});

describe("a client that does wrong", () => {
  test("is told so, and others' documents go on", async () => {
    const server = await start();
    await server.open(uri, text);
    server.child.stdin?.write(frame("{this is no JSON"));
    server.child.stdin?.write(frame("[]"));
    server.child.stdin?.write(frame('{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{}}'));
    server.child.stdin?.write(frame('{"jsonrpc":"2.0","method":"textDocument/didChange"}'));
    server.child.stdin?.write(frame('{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":77}}'));
    await expect(server.connection.sendRequest("textDocument/hover", {})).rejects.toMatchObject({
      code: -32602,
    });
    await expect(server.connection.sendRequest("no/such", {})).rejects.toMatchObject({ code: -32601 });
    const closed = {
      textDocument: { uri: "file:///not/open/Dockerfile" },
      position: { line: 0, character: 0 },
    };
    expect(await server.connection.sendRequest("textDocument/hover", closed)).toBeNull();
    await server.connection.sendNotification(DidChangeTextDocumentNotification.type, {
      textDocument: { uri: "file:///not/open/Dockerfile", version: 9 },
      contentChanges: [{ text: "" }],
    });
    expect(codes(await server.edit(uri, 2, everything, text))).toContain("pip-cache-kept");
    await server.connection.sendRequest("shutdown");
    await expect(server.connection.sendRequest("textDocument/hover", closed)).rejects.toMatchObject({
      code: -32600,
    });
    await server.connection.sendNotification("exit");
    expect(await server.ended).toBe(0);
  });

  test("gets one finding for a document that is too large", async () => {
    const server = await start();
    const found = await server.open(uri, `FROM debian:12\n${"#".repeat(4 * 1024 * 1024)}\n`);
    expect(found).toMatchObject([{ code: "unreadable-file", severity: 1 }]);
    const rest = { start: { line: 1, character: 0 }, end: { line: 3, character: 0 } };
    expect(codes(await server.edit(uri, 2, rest, "ADD a /\n"))).toContain("add-for-local-files");
  });

  test.each([
    ["says a length that is none", "Content-Length: -5\r\n\r\n", 1],
    ["says none", "Content-Type: x\r\n\r\n{}", 1],
    ["announces more than anybody writes", "Content-Length: 9999999999\r\n\r\n", 1],
    ["sends a header without end", "x".repeat(20_000), 1],
    ["goes without a word", "", 1],
    ["exits without shutdown", frame('{"jsonrpc":"2.0","method":"exit"}'), 1],
  ])("that %s ends the server", async (_, input, status) => {
    const ran = await ddiff(["lsp"], { input });
    expect(ran).toMatchObject({ status, stdout: "", signal: null });
  });

  test("asks before initialize and hears what comes first", async () => {
    const messages =
      frame('{"jsonrpc":"2.0","id":1,"method":"shutdown"}') + frame('{"jsonrpc":"2.0","method":"exit"}');
    const { stdout } = await ddiff(["lsp"], { whileRunning: (child) => child.stdin?.write(messages) });
    expect(stdout).toContain('"code":-32002');
  });
});

test("the server ends with the editor that started it", async () => {
  // No process has this number; standard input stays open.
  const params = { processId: 2 ** 22 + 1, rootUri: null, capabilities: {} };
  const message = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params });
  const ran = await ddiff(["lsp"], { whileRunning: (child) => child.stdin?.write(frame(message)) });
  expect(ran.status).toBe(1);
});
