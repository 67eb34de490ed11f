import { type ChildProcess, spawn } from "node:child_process";
import {
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver/node";
import {
  type ClientCapabilities,
  type CodeAction,
  CodeActionRequest,
  CodeActionResolveRequest,
  type Diagnostic,
  DidChangeTextDocumentNotification,
  DidOpenTextDocumentNotification,
  ExitNotification,
  type InitializeResult,
  InitializedNotification,
  InitializeRequest,
  type ProtocolConnection,
  PublishDiagnosticsNotification,
  type PublishDiagnosticsParams,
  type Range,
  ShutdownRequest,
} from "vscode-languageserver/node";

/** A language server that runs, and an editor's side of it. */
export interface LspClient {
  readonly child: ChildProcess;
  readonly connection: ProtocolConnection;
  readonly hello: InitializeResult;
  /** What it wrote to standard error. */
  stderr(): string;
  /** The exit status, once it ended. */
  readonly ended: Promise<number | null>;
  open(uri: string, text: string, language?: string): Promise<Diagnostic[]>;
  /** Replaces a range; resolves with what is published for that version. */
  edit(uri: string, version: number, range: Range, text: string): Promise<Diagnostic[]>;
  /** The next diagnostics of a document that `fits` takes. */
  published(uri: string, fits: (params: PublishDiagnosticsParams) => boolean): Promise<Diagnostic[]>;
  actions(uri: string, range: Range, diagnostics?: Diagnostic[], only?: string[]): Promise<CodeAction[]>;
  resolve(action: CodeAction): Promise<CodeAction>;
  /** `shutdown` and `exit`: the exit status. */
  close(): Promise<number | null>;
}

/** What a good editor says of itself. */
export const editor: ClientCapabilities = {
  textDocument: {
    codeAction: { dataSupport: true, resolveSupport: { properties: ["edit"] } },
    hover: { contentFormat: ["markdown"] },
  },
  workspace: { workspaceEdit: { documentChanges: true } },
  window: { showDocument: { support: true } },
};

/** Starts `program words` as an editor does, with the folder `root` (a URI) as its workspace. */
export async function startLsp(
  program: string,
  words: readonly string[],
  root: string,
  capabilities: ClientCapabilities = editor,
): Promise<LspClient> {
  const child = spawn(program, words, { stdio: ["pipe", "pipe", "pipe"] });
  let complaint = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  child.stdin.on("error", () => {});
  const connection = createProtocolConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin),
  );
  const listeners = new Set<(params: PublishDiagnosticsParams) => void>();
  connection.onNotification(PublishDiagnosticsNotification.type, (params) => {
    for (const listener of listeners) listener(params);
  });
  connection.listen();
  const published: LspClient["published"] = (uri, fits) =>
    new Promise((resolve) => {
      const listener = (params: PublishDiagnosticsParams): void => {
        if (params.uri !== uri || !fits(params)) return;
        listeners.delete(listener);
        resolve(params.diagnostics);
      };
      listeners.add(listener);
    });
  const hello = await connection.sendRequest(InitializeRequest.type, {
    processId: process.pid,
    rootUri: root,
    workspaceFolders: [{ uri: root, name: "root" }],
    capabilities,
  });
  await connection.sendNotification(InitializedNotification.type, {});
  return {
    child,
    connection,
    hello,
    stderr: () => complaint,
    ended,
    published,
    async open(uri, text, languageId = "dockerfile") {
      const diagnostics = published(uri, (one) => one.version === 1);
      const textDocument = { uri, languageId, version: 1, text };
      await connection.sendNotification(DidOpenTextDocumentNotification.type, { textDocument });
      return diagnostics;
    },
    async edit(uri, version, range, text) {
      const diagnostics = published(uri, (one) => one.version === version);
      await connection.sendNotification(DidChangeTextDocumentNotification.type, {
        textDocument: { uri, version },
        contentChanges: [{ range, text }],
      });
      return diagnostics;
    },
    async actions(uri, range, diagnostics = [], only) {
      const found = await connection.sendRequest(CodeActionRequest.type, {
        textDocument: { uri },
        range,
        context: { diagnostics, ...(only === undefined ? {} : { only }) },
      });
      return (found ?? []) as CodeAction[];
    },
    resolve: (action) => connection.sendRequest(CodeActionResolveRequest.type, action),
    async close() {
      await connection.sendRequest(ShutdownRequest.type);
      await connection.sendNotification(ExitNotification.type);
      const status = await ended;
      connection.dispose();
      return status;
    },
  };
}
