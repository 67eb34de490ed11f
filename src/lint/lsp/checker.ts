import { statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Position, Range as TextRange } from "vscode-languageserver-textdocument";
import type { Range } from "../../dockerfile/text.ts";
import { messageOf } from "../../util/errors.ts";
import type { Checked } from "../check-file.ts";
import { configName } from "../../config/find.ts";
import { openConfigs } from "../config.ts";
import type { Finding } from "../finding.ts";
import { type LintedFile, type LintOptions, makeChecks } from "../lint.ts";
import { loadReaders, type ReadDocument } from "../read-document.ts";
import { problemOfText } from "../read-text.ts";
import type { Target } from "../rule.ts";
import { openSettings } from "../settings.ts";
import { readTarget } from "../target.ts";
import type { OpenFile } from "./open-file.ts";

/** What is known of an open file as it stands in the editor. */
export interface CheckedOpen {
  readonly file: OpenFile;
  readonly version: number;
  /** Without the mark of byte order. */
  readonly text: string;
  readonly findings: readonly Finding[];
  readonly target: Target;
  /** Why nothing could be checked: the configuration is wrong. */
  readonly problem: string | undefined;
  /** Reads the text again; undefined where it cannot be read at all. */
  readonly read: ReadDocument;
  /** Checks another text of this file; undefined where this one could not be looked at. */
  readonly recheck: ((text: string) => Checked) | undefined;
  /** A range of `text` as editors count; right only while the document has this version. */
  place(range: Range): TextRange;
  /** The offset in `text` of a position; as `place`. */
  offset(position: Position): number;
}

/** Checks open files, and keeps what it read around them. */
export interface Checker {
  check(file: OpenFile): Promise<CheckedOpen>;
  /** Milliseconds since the files around were read. */
  age(): number;
  /** Reads configurations, compose files and build contexts again, and these files with them; until that is done the old ones count. */
  refresh(files: readonly OpenFile[]): Promise<void>;
  /** A document was closed, or another one opened in its place. */
  forget(uri: string): void;
}

const nothing: Target = { gpus: [], driver: undefined };

/** Makes a checker that goes by `.ddiff.yaml` as the command line does. */
export function makeChecker(): Checker {
  let now = openAround();
  const last = new Map<string, { checked: CheckedOpen; around: Around }>();

  async function checkWith(around: Around, file: OpenFile): Promise<CheckedOpen> {
    const { uri } = file.document;
    const known = last.get(uri);
    if (known?.checked.version === file.document.version && known.around === around) return known.checked;
    const checked = await checkOpen(around, file);
    last.set(uri, { checked, around });
    return checked;
  }

  return {
    check: async (file) => {
      for (;;) {
        const checked = await checkWith(now, file);
        // Edits that came while the configuration was read make another check due.
        if (checked.version === file.document.version) return checked;
      }
    },
    age: () => Date.now() - now.since,
    async refresh(files) {
      const next = openAround();
      const all = new Map<string, CheckedOpen>();
      for (const file of files) all.set(file.document.uri, await checkOpen(next, file));
      now = next;
      for (const [uri, checked] of all) if (last.has(uri)) last.set(uri, { checked, around: next });
    },
    forget(uri) {
      last.delete(uri);
      now.close(uri);
    },
  };
}

/** What was read at one time. */
interface Around {
  readonly since: number;
  open(file: OpenFile): Promise<Opened>;
  close(uri: string): void;
}

interface Opened {
  readonly read: ReadDocument;
  readonly target: Target;
  /** `undefined` for files that the configuration leaves out. */
  readonly check: ((text: string) => Promise<Pick<LintedFile, "findings" | "recheck">>) | undefined;
}

function openAround(): Around {
  const since = Date.now();
  const byRoot = new Map<string, ReturnType<typeof openRoot>>();
  const files = new Map<string, Promise<Opened>>();
  return {
    since,
    open(file) {
      let root = byRoot.get(file.root);
      if (root === undefined) byRoot.set(file.root, (root = openRoot(file.root, since)));
      const key = file.document.uri;
      let opened = files.get(key);
      if (opened === undefined) files.set(key, (opened = root(file)));
      return opened;
    },
    close: (uri) => void files.delete(uri),
  };
}

function openRoot(root: string, today: number): (file: OpenFile) => Promise<Opened> {
  const options: LintOptions = {
    paths: [],
    cwd: root,
    config: undefined,
    context: undefined,
    stdin: undefined,
    baseline: undefined,
    today,
    only: [],
    profile: undefined,
    failOn: undefined,
    shellcheck: false,
    all: true,
    target: {},
  };
  const configs = openConfigs(undefined, root);
  const book = openSettings(options, readTarget);
  const starting = loadReaders(["compose"]).then(async (read) => ({
    read,
    checks: await makeChecks(options, read),
  }));
  return async ({ absolute, kind }) => {
    const { read, checks } = await starting;
    const config = await configs.of(dirname(absolute));
    const settings = book.of(absolute, config);
    const { target } = settings;
    if (config?.excludes(absolute) === true) return { read, target, check: undefined };
    const around = { path: relative(root, absolute), absolute, config, settings };
    let first: LintedFile | undefined;
    return {
      read,
      target,
      async check(text) {
        const problem = problemOfText(text);
        if (problem !== undefined) return checks.file({ ...around, problem }, undefined);
        if (first?.recheck !== undefined) return { ...first.recheck(text), recheck: first.recheck };
        first = await checks.file({ ...around, text, bytes: Buffer.alloc(0), kind }, undefined);
        return first;
      },
    };
  };
}

async function checkOpen(around: Around, file: OpenFile): Promise<CheckedOpen> {
  const { document } = file;
  let read: ReadDocument | undefined;
  let target = nothing;
  let problem: string | undefined;
  let linted: Pick<LintedFile, "findings" | "recheck"> | undefined;
  let [text, version, mark] = textOf(file);
  try {
    const opened = await around.open(file);
    ({ read, target } = opened);
    [text, version, mark] = textOf(file);
    linted = await opened.check?.(text);
  } catch (error) {
    problem = messageOf(error);
  }
  return {
    file,
    version,
    text,
    findings: linted?.findings ?? [],
    target,
    problem,
    read: read ?? (await loadReaders(["compose"])),
    recheck: linted?.recheck,
    place: ({ start, end }) => ({
      start: document.positionAt(start + mark),
      end: document.positionAt(end + mark),
    }),
    offset: (position) => Math.max(0, document.offsetAt(position) - mark),
  };
}

/** A document's text as rules see it, its version, and how long the mark is that was taken away. */
function textOf({ document }: OpenFile): [string, number, number] {
  const text = document.getText();
  const mark = text.startsWith("\uFEFF") ? 1 : 0;
  return [mark === 0 ? text : text.slice(1), document.version, mark];
}

/** Tells when a configuration that holds for one of these files came, changed or went: then the answer is another one. */
export function configsStamp(files: readonly OpenFile[]): string {
  const folders = new Set<string>();
  for (const { absolute } of files)
    for (let at = dirname(absolute); !folders.has(at); at = dirname(at)) folders.add(at);
  return [...folders]
    .map((folder) => {
      const about = statSync(join(folder, configName), { throwIfNoEntry: false });
      return about === undefined ? "" : `${folder} ${about.mtimeMs} ${about.size}`;
    })
    .join("\n");
}
