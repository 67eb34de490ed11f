import { defineCommand } from "../command.ts";
import { usageError } from "../usage.ts";
import { version } from "../version.ts";

export const lsp = defineCommand({
  name: "lsp",
  summary: "serve what lint finds to an editor",
  usage: ["lsp"],
  description: [
    "Speaks the Language Server Protocol on standard input and output. An editor that starts it shows what is wrong with Dockerfiles, compose files and .dockerignore files while they are written, explains rules, images and versions of torch, and mends what can be mended.",
    "It goes by .ddiff.yaml as lint does. docs/lsp.md says how editors are set up.",
  ],
  arguments: [],
  options: { stdio: { help: "accepted, because some editors say so: there is no other way" } },
  examples: [{ text: "For the settings of an editor", command: "ddiff lsp" }],
  async run(call) {
    if (process.stdin.isTTY) {
      throw usageError(
        "the language server speaks with an editor, not with a person",
        "lsp",
        "docs/lsp.md says how editors are set up; ddiff lint is for people.",
      );
    }
    const { runLanguageServer } = await import("../../lint/lsp/server.ts");
    const { tempDir } = await call.context();
    const status = await runLanguageServer({
      input: process.stdin,
      output: process.stdout,
      log: (line) => process.stderr.write(`${line}\n`),
      version,
      folder: tempDir,
      signal: call.signal,
    });
    return { status, json: { ended: true } };
  },
});
