import type { CutFile } from "./read-instructions.ts";
import type { Instruction, Stage, StageBase, State, Word } from "./document.ts";
import { argsOf, expandKnown, freshState, stateAfter } from "./stage-state.ts";

/** The stages of a file, what held before each instruction, and the ARGs before the first FROM. */
export interface Staged {
  stages: Stage[];
  globals: ReadonlyMap<string, string | undefined>;
  before: ReadonlyMap<Instruction, State>;
}

/** A stage while its users are still unknown. */
type Growing = { -readonly [Key in keyof Stage]: Stage[Key] };

/** Sorts instructions into stages and follows what holds in them. */
export function readStages(cut: CutFile): Staged {
  const { escape } = cut;
  const globals = new Map<string, string | undefined>();
  const before = new Map<Instruction, State>();
  const stages: Growing[] = [];
  let state = freshState;
  let instructions: Instruction[] = [];
  for (const instruction of cut.instructions) {
    if (instruction.keyword === "FROM") {
      before.set(instruction, { ...freshState, variables: globals });
      instructions = [instruction];
      const stage = stageOf(instruction, instructions, stages, globals, escape);
      state = stage.base.kind === "stage" ? stage.base.stage.end : freshState;
      stage.end = state;
      stages.push(stage);
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined) {
      before.set(instruction, { ...freshState, variables: globals });
      if (instruction.keyword === "ARG") {
        for (const [name, value] of argsOf(instruction, globals, escape)) globals.set(name, value);
      }
      continue;
    }
    before.set(instruction, state);
    instructions.push(instruction);
    state = stateAfter(state, instruction, globals, escape);
    stage.end = state;
  }
  for (const stage of stages) stage.uses = usesOf(stage, stages, before, escape);
  markReached(stages);
  return { stages, globals, before };
}

function stageOf(
  from: Instruction,
  instructions: Instruction[],
  earlier: readonly Stage[],
  globals: ReadonlyMap<string, string | undefined>,
  escape: string,
): Growing {
  const [image, as, alias] = from.words;
  const named = as?.raw.toLowerCase() === "as" ? alias : undefined;
  const platform = from.flags.find((flag) => flag.name === "platform")?.value;
  return {
    index: earlier.length,
    name: named?.raw.toLowerCase(),
    from,
    image,
    alias: named,
    base: baseOf(image, earlier, globals, escape),
    platform: platform === undefined ? undefined : expandKnown(platform, globals, escape),
    instructions,
    uses: [],
    reached: false,
    end: freshState,
  };
}

function baseOf(
  image: Word | undefined,
  earlier: readonly Stage[],
  globals: ReadonlyMap<string, string | undefined>,
  escape: string,
): StageBase {
  const name = image === undefined ? undefined : expandKnown(image.raw, globals, escape);
  if (name === undefined || name === "") return { kind: "unknown" };
  // BuildKit takes the nearest earlier stage of that name; a stage never refers to itself or to a later one.
  const stage = earlier.findLast((one) => one.name === name.toLowerCase());
  if (stage !== undefined) return { kind: "stage", stage };
  return name === "scratch" ? { kind: "scratch" } : { kind: "image", image: name };
}

function usesOf(
  stage: Stage,
  stages: readonly Stage[],
  before: ReadonlyMap<Instruction, State>,
  escape: string,
): Stage[] {
  const found = new Set<Stage>();
  if (stage.base.kind === "stage") found.add(stage.base.stage);
  for (const instruction of stage.instructions) {
    const variables = before.get(instruction)?.variables ?? new Map<string, string>();
    for (const word of sourcesOf(instruction)) {
      const name = expandKnown(word, variables, escape)?.toLowerCase();
      const source =
        stages.findLast((one) => one.index < stage.index && one.name === name) ??
        (name !== undefined && /^\d+$/.test(name) ? stages[Number(name)] : undefined);
      if (source !== undefined && source.index < stage.index) found.add(source);
    }
  }
  return [...found];
}

/** What `--from=` and `--mount=...,from=` of an instruction name. */
function sourcesOf(instruction: Instruction): string[] {
  const inner = instruction.trigger ?? instruction;
  return inner.flags.flatMap((flag) => {
    if (flag.value === undefined) return [];
    if (flag.name === "from") return [flag.value];
    if (flag.name !== "mount") return [];
    return flag.value.split(",").flatMap((field) => (field.startsWith("from=") ? [field.slice(5)] : []));
  });
}

function markReached(stages: readonly Growing[]): void {
  const open = stages.slice(-1);
  for (let stage = open.pop(); stage !== undefined; stage = open.pop()) {
    if (stage.reached) continue;
    stage.reached = true;
    for (const used of stage.uses) {
      const own = stages[used.index];
      if (own !== undefined) open.push(own);
    }
  }
}
