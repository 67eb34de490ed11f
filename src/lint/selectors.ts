import { engineRules } from "./engine-rules.ts";
import type { RuleInfo } from "./rule.ts";
import { rules } from "./rules.ts";

/** Every rule that can be named: those over files and those of the engine itself. */
export const allRules: readonly RuleInfo[] = [...rules, ...engineRules];

/** How exactly a word names rules: those named most exactly win. */
interface Selection {
  readonly rules: readonly RuleInfo[];
  readonly rank: 0 | 1 | 2;
}

let byWord: Map<string, Selection> | undefined;

function selections(): Map<string, Selection> {
  if (byWord !== undefined) return byWord;
  const groups = new Map<string, RuleInfo[]>();
  const aliases = new Map<string, RuleInfo[]>();
  for (const rule of allRules) {
    append(groups, rule.group, rule);
    for (const alias of rule.aliases) append(aliases, alias.toLowerCase(), rule);
  }
  byWord = new Map();
  for (const [word, named] of groups) byWord.set(word, { rules: named, rank: 0 });
  for (const [word, named] of aliases) byWord.set(word, { rules: named, rank: 1 });
  for (const rule of allRules) byWord.set(rule.name, { rules: [rule], rank: 2 });
  return byWord;
}

function append(lists: Map<string, RuleInfo[]>, key: string, rule: RuleInfo): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [rule]);
  else list.push(rule);
}

/** ShellCheck's own codes are many; each is a name for what its rule says with that code. */
const shellcheckCode = /^sc\d{4}$/i;

/** Whether a word names a rule, by name, by another linter's id, or by group. */
export function isRuleSelector(word: string): boolean {
  return selections().has(word.toLowerCase()) || shellcheckCode.test(word);
}

/** The rules that a word names, and how exactly: 2 by name, 1 by another linter's id, 0 by group. */
export function selectRules(word: string): Selection {
  return selections().get(word.toLowerCase()) ?? { rules: [], rank: 1 };
}

/** Every word that names rules, for suggestions. */
export function selectorNames(): string[] {
  return [...selections().keys()];
}
