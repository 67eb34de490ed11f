import type { Diagnostic } from "vscode-languageserver/node";
import { TextDocument, type TextDocumentContentChangeEvent } from "vscode-languageserver-textdocument";
import type { RuleInfo } from "../rule.ts";
import { type CheckedOpen, configsStamp, makeChecker } from "./checker.ts";
import { diagnosticsOf } from "./diagnostics.ts";
import { type OpenFile, openFile } from "./open-file.ts";

/** Milliseconds that the files around an open one are taken to be as they were read. */
const staleAfter = 5000;
/** How long an editor is quiet, in milliseconds, before those are read again: never while somebody types. */
const quiet = 1000;
/** Edits that come together are one: milliseconds from the first of them to the check. */
const together = 4;

/** The documents that an editor has open. */
export interface Workspace {
  open(uri: string, language: string, version: number, text: string): void;
  change(uri: string, version: number, changes: TextDocumentContentChangeEvent[]): void;
  close(uri: string): void;
  /** What is known of an open file that is linted; undefined for any other. */
  checked(uri: string): Promise<CheckedOpen | undefined>;
  /** The folders of the workspace changed. */
  setRoots(roots: readonly string[]): void;
  /** Something on the disk may have changed. */
  refresh(): void;
  /** For editors that do not tell of changed files: configurations are looked at from time to time. */
  watchConfigs(): void;
  end(): void;
}

/** What a workspace tells. */
export interface WorkspaceListener {
  publish(uri: string, version: number | undefined, diagnostics: Diagnostic[]): void;
  /** What must not happen, and did. */
  fail(error: unknown): void;
  readonly pageOf: (rule: RuleInfo) => string;
}

/** Keeps the open documents of an editor, and publishes what is found in them after each edit. */
export function openWorkspace(listener: WorkspaceListener): Workspace {
  const documents = new Map<string, TextDocument>();
  const files = new Map<string, OpenFile>();
  const waiting = new Map<string, NodeJS.Timeout>();
  const published = new Map<string, string>();
  const checker = makeChecker();
  let roots: readonly string[] = [];
  let refreshing: NodeJS.Timeout | undefined;
  let watching: NodeJS.Timeout | undefined;
  let stamp = "";

  function take(document: TextDocument): void {
    const file = openFile(document, roots);
    if (file === undefined) return;
    files.set(document.uri, file);
    stamp = watching === undefined ? "" : configsStamp([...files.values()]);
    void publish(document.uri);
  }

  function schedule(uri: string): void {
    if (waiting.has(uri) || !files.has(uri)) return;
    waiting.set(
      uri,
      setTimeout(() => {
        waiting.delete(uri);
        void publish(uri);
      }, together),
    );
  }

  async function publish(uri: string): Promise<void> {
    try {
      const file = files.get(uri);
      if (file === undefined) return;
      const checked = await checker.check(file);
      // It may have been closed meanwhile.
      if (files.get(uri) === file) send(checked);
      if (checker.age() > staleAfter) refreshIn(quiet);
    } catch (error) {
      listener.fail(error);
    }
  }

  function send(checked: CheckedOpen): void {
    const { uri } = checked.file.document;
    const diagnostics = diagnosticsOf(checked, listener.pageOf);
    published.set(uri, JSON.stringify(diagnostics));
    listener.publish(uri, checked.version, diagnostics);
  }

  function refreshIn(time: number): void {
    clearTimeout(refreshing);
    refreshing = setTimeout(() => void refresh(), time);
  }

  async function refresh(): Promise<void> {
    try {
      await checker.refresh([...files.values()]);
      for (const file of files.values()) {
        const checked = await checker.check(file);
        const { uri } = file.document;
        if (files.get(uri) !== file) continue;
        // Nothing new for most of them.
        if (published.get(uri) !== JSON.stringify(diagnosticsOf(checked, listener.pageOf))) send(checked);
      }
    } catch (error) {
      listener.fail(error);
    }
  }

  return {
    open(uri, language, version, text) {
      const document = TextDocument.create(uri, language, version, text);
      documents.set(uri, document);
      checker.forget(uri);
      take(document);
    },
    change(uri, version, changes) {
      const document = documents.get(uri);
      if (document === undefined) return;
      TextDocument.update(document, changes, version);
      schedule(uri);
      // Quiet starts anew.
      if (refreshing !== undefined && checker.age() > staleAfter) refreshIn(quiet);
    },
    close(uri) {
      documents.delete(uri);
      clearTimeout(waiting.get(uri));
      waiting.delete(uri);
      if (!files.delete(uri)) return;
      published.delete(uri);
      checker.forget(uri);
      listener.publish(uri, undefined, []);
    },
    async checked(uri) {
      const file = files.get(uri);
      return file === undefined ? undefined : checker.check(file);
    },
    setRoots(folders) {
      roots = folders;
      for (const document of documents.values()) take(document);
    },
    refresh: () => refreshIn(100),
    watchConfigs() {
      watching = setInterval(() => {
        const next = configsStamp([...files.values()]);
        if (next !== stamp) refreshIn(0);
        stamp = next;
      }, staleAfter);
    },
    end() {
      clearInterval(watching);
      clearTimeout(refreshing);
      for (const timer of waiting.values()) clearTimeout(timer);
    },
  };
}
