import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type ClientCapabilities,
  type CodeAction,
  CodeActionKind,
  CodeActionRequest,
  CodeActionResolveRequest,
  createProtocolConnection,
  DidChangeTextDocumentNotification,
  DidChangeWatchedFilesNotification,
  DidChangeWorkspaceFoldersNotification,
  DidCloseTextDocumentNotification,
  DidOpenTextDocumentNotification,
  DidSaveTextDocumentNotification,
  ErrorCodes,
  ExecuteCommandRequest,
  ExitNotification,
  HoverRequest,
  InitializedNotification,
  type InitializeParams,
  InitializeRequest,
  type InitializeResult,
  MarkupKind,
  PositionEncodingKind,
  PublishDiagnosticsNotification,
  RegistrationRequest,
  ResponseError,
  ShowDocumentRequest,
  ShutdownRequest,
  StreamMessageWriter,
  TextDocumentSyncKind,
  type WorkspaceEdit,
} from "vscode-languageserver/node";
import { messageOf, systemErrorCode } from "../../util/errors.ts";
import { selectRules } from "../selectors.ts";
import { type ActionData, actionsFor, editsOf, fixAllKind, openRuleCommand } from "./actions.ts";
import type { CheckedOpen } from "./checker.ts";
import { hoverAt } from "./hover.ts";
import { MessageReader, NotJson } from "./message-reader.ts";
import { pathOf } from "./open-file.ts";
import { makeRulePages } from "./rule-page-files.ts";
import { openWorkspace } from "./workspace.ts";

/** What a language server needs of the world. */
export interface ServerWorld {
  readonly input: Readable;
  readonly output: Writable;
  /** One line for whoever looks into the editor's log. */
  readonly log: (line: string) => void;
  readonly version: string;
  /** An empty folder for this run. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/** How often it is looked whether the editor still lives, in milliseconds. */
const parentInterval = 3000;

/** Files that say what holds for others: when one changes, everything is looked at again. */
const watched =
  "**/{.ddiff.yaml,.dockerignore,*.dockerignore,compose*.y*ml,docker-compose*.y*ml,requirements*.txt,pyproject.toml,environment*.y*ml}";

/**
 * Speaks the Language Server Protocol (3.17) until the client says `exit`, closes its side, dies, or `signal` is aborted. Returns 0 when
 * it was shut down first, else 1, as the protocol asks.
 */
export async function runLanguageServer(world: ServerWorld): Promise<0 | 1> {
  const logger = { error: world.log, warn: world.log, info: () => {}, log: () => {} };
  const connection = createProtocolConnection(
    new MessageReader(world.input),
    new StreamMessageWriter(world.output),
    logger,
  );
  const pageOf = makeRulePages(world.folder);
  const workspace = openWorkspace({
    pageOf,
    publish: (uri, version, diagnostics) => {
      const params = { uri, diagnostics, ...(version === undefined ? {} : { version }) };
      void connection.sendNotification(PublishDiagnosticsNotification.type, params).catch(() => {});
    },
    fail: (error) => world.log(messageOf(error)),
  });
  const life: { stage: "new" | "running" | "shut-down" } = { stage: "new" };
  let client: ClientCapabilities = {};
  let roots: string[] = [];
  const ending = new AbortController();
  const end = (): void => ending.abort();

  /** Answers a request, or says why not: the client may ask only between `initialize` and `shutdown`. */
  async function reply<Result>(make: () => Result | Promise<Result>): Promise<Result | ResponseError> {
    if (life.stage === "new")
      return new ResponseError(ErrorCodes.ServerNotInitialized, "initialize comes first");
    if (life.stage === "shut-down")
      return new ResponseError(ErrorCodes.InvalidRequest, "the server is shut down");
    try {
      return await make();
    } catch (error) {
      if (error instanceof TypeError) return new ResponseError(ErrorCodes.InvalidParams, messageOf(error));
      throw error;
    }
  }

  connection.onRequest(InitializeRequest.type, (params) => {
    if (life.stage !== "new")
      return new ResponseError(ErrorCodes.InvalidRequest, "initialize comes only once");
    life.stage = "running";
    client = params.capabilities ?? {};
    roots = rootsOf(params);
    workspace.setRoots(roots);
    if (typeof params.processId === "number") watchParent(params.processId, end, ending.signal);
    return capabilities(client, world.version);
  });
  connection.onNotification(InitializedNotification.type, () => {
    if (client.workspace?.didChangeWatchedFiles?.dynamicRegistration !== true) {
      workspace.watchConfigs();
      return;
    }
    const watchers = [{ globPattern: watched }];
    const { method } = DidChangeWatchedFilesNotification;
    const registrations = [{ id: "watch", method, registerOptions: { watchers } }];
    connection.sendRequest(RegistrationRequest.type, { registrations }).catch(() => workspace.watchConfigs());
  });
  connection.onRequest(ShutdownRequest.type, () =>
    reply(() => {
      life.stage = "shut-down";
      workspace.end();
    }),
  );
  connection.onNotification(ExitNotification.type, end);

  connection.onNotification(DidOpenTextDocumentNotification.type, ({ textDocument }) => {
    const { uri, languageId, version, text } = textDocument;
    if (life.stage === "running") workspace.open(uri, languageId, version, text);
  });
  connection.onNotification(DidChangeTextDocumentNotification.type, ({ textDocument, contentChanges }) => {
    if (life.stage === "running") workspace.change(textDocument.uri, textDocument.version, contentChanges);
  });
  connection.onNotification(DidCloseTextDocumentNotification.type, ({ textDocument }) => {
    if (life.stage === "running") workspace.close(textDocument.uri);
  });
  connection.onNotification(DidSaveTextDocumentNotification.type, () => {
    if (life.stage === "running") workspace.refresh();
  });
  connection.onNotification(DidChangeWatchedFilesNotification.type, () => {
    if (life.stage === "running") workspace.refresh();
  });
  connection.onNotification(DidChangeWorkspaceFoldersNotification.type, ({ event }) => {
    const gone = new Set(event.removed.map((one) => pathOf(one.uri)));
    roots = roots.filter((root) => !gone.has(root));
    roots.push(...event.added.flatMap((one) => pathOf(one.uri) ?? []));
    if (life.stage === "running") workspace.setRoots(roots);
  });

  connection.onRequest(HoverRequest.type, ({ textDocument, position }) =>
    reply(async () => {
      const checked = await workspace.checked(textDocument.uri);
      if (checked === undefined) return null;
      const formats = client.textDocument?.hover?.contentFormat ?? [MarkupKind.Markdown];
      return hoverAt(checked, checked.offset(position), formats.includes(MarkupKind.Markdown)) ?? null;
    }),
  );
  connection.onRequest(CodeActionRequest.type, (params) =>
    reply(async () => {
      const checked = await workspace.checked(params.textDocument.uri);
      if (checked === undefined) return null;
      const actions = actionsFor(checked, params, pageOf, client.window?.showDocument?.support === true);
      return resolvesEdits(client)
        ? actions
        : actions.map((one) => withEdit(one, checked)).filter((one) => one.edit ?? one.command);
    }),
  );
  connection.onRequest(CodeActionResolveRequest.type, (action) =>
    reply(async () => {
      const checked = await workspace.checked((action.data as ActionData).uri);
      return checked === undefined ? action : withEdit(action, checked);
    }),
  );
  connection.onRequest(ExecuteCommandRequest.type, ({ command, arguments: words }) =>
    reply(async () => {
      const [rule] = command === openRuleCommand ? selectRules(String(words?.[0])).rules : [];
      if (rule === undefined) return new ResponseError(ErrorCodes.InvalidParams, "there is no such rule");
      await connection.sendRequest(ShowDocumentRequest.type, { uri: pageOf(rule), takeFocus: true });
      return null;
    }),
  );

  function withEdit(action: CodeAction, checked: CheckedOpen): CodeAction {
    const edits = action.data === undefined ? undefined : editsOf(checked, action.data as ActionData);
    if (edits === undefined) return action;
    const { uri } = checked.file.document;
    const list = edits.map((one) => ({ range: checked.place(one), newText: one.text }));
    const textDocument = { uri, version: checked.version };
    const edit: WorkspaceEdit =
      client.workspace?.workspaceEdit?.documentChanges === true
        ? { documentChanges: [{ textDocument, edits: list }] }
        : { changes: { [uri]: list } };
    return { ...action, edit };
  }

  connection.onError(([error]) => {
    if (systemErrorCode(error) === "EPIPE") return end();
    world.log(messageOf(error));
    // JSON-RPC 2.0, section 5.1: what cannot be read is answered all the same.
    if (error instanceof NotJson) sendParseError(world.output, error.message);
  });
  connection.onClose(end);
  world.signal.addEventListener("abort", end, { once: true });
  connection.listen();
  if (!ending.signal.aborted) await once(ending.signal, "abort");
  workspace.end();
  // What was asked before is still answered: a message and its answer take a few turns.
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
  connection.dispose();
  return life.stage === "shut-down" ? 0 : 1;
}

function capabilities(client: ClientCapabilities, version: string): InitializeResult {
  return {
    serverInfo: { name: "ddiff", version },
    capabilities: {
      positionEncoding: PositionEncodingKind.UTF16,
      textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental, save: true },
      hoverProvider: true,
      codeActionProvider: {
        codeActionKinds: [CodeActionKind.QuickFix, fixAllKind],
        resolveProvider: resolvesEdits(client),
      },
      executeCommandProvider: { commands: [openRuleCommand] },
      workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
    },
  };
}

/** Whether the client asks for the edit of an action when it is picked. */
function resolvesEdits({ textDocument }: ClientCapabilities): boolean {
  const action = textDocument?.codeAction;
  return action?.dataSupport === true && action.resolveSupport?.properties.includes("edit") === true;
}

function rootsOf({ workspaceFolders, rootUri }: InitializeParams): string[] {
  const uris = workspaceFolders?.map((one) => one.uri) ?? (typeof rootUri === "string" ? [rootUri] : []);
  return uris.flatMap((uri) => pathOf(uri) ?? []);
}

/** Calls `onGone` when a process is no more. */
function watchParent(id: number, onGone: () => void, signal: AbortSignal): void {
  const timer = setInterval(() => {
    try {
      process.kill(id, 0);
    } catch (error) {
      if (systemErrorCode(error) === "ESRCH") onGone();
    }
  }, parentInterval);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}

function sendParseError(output: Writable, message: string): void {
  const body = JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: ErrorCodes.ParseError, message } });
  output.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}
