import { commonFolder, torchFolder, wheelFolder, wheelsFolder } from "./layout.ts";
import type { BasePlan } from "./plan.ts";

/** A call of the base's program that makes a part which depends on no other but the ones in `needs`. */
export interface Step {
  /** A name for a stage: `torch-2.5.1-py3.10`. */
  readonly name: string;
  /** What it makes, for people. */
  readonly about: string;
  /** Arguments of the program. */
  readonly words: readonly string[];
  /** The folder that it fills, from the base's folder on. */
  readonly makes: string;
  /** Folders of other steps that it looks into. */
  readonly needs: readonly { readonly step: string; readonly folder: string }[];
}

/**
 * The steps that make a base, in an order that works. What a step makes is the same whatever other steps there are: so a torch more, or one
 * less, changes no other part.
 */
export function stepsOf(plan: BasePlan): Step[] {
  const wheels = wheelSteps(plan);
  const common = plan.pythons.map(
    ({ version }): Step => ({
      name: commonName(version),
      about: "the packages that every environment sees",
      words: ["common", "--python", version, ...[...plan.definition.packages].sort()],
      makes: commonFolder(version),
      needs: [],
    }),
  );
  const torches = plan.torches.flatMap((torch) =>
    plan.pythons.map(({ version: python }): Step => {
      const flash = torch.flashAttention[python];
      return {
        name: `torch-${torch.version}-py${python}`,
        about: `torch ${torch.version} for ${torch.cuda === undefined ? "CPUs" : `CUDA ${torch.cuda}`}`,
        words: [
          "torch",
          torch.version,
          "--python",
          python,
          ...(torch.index === undefined ? [] : ["--index", torch.index]),
          ...torch.companions,
          ...(flash === undefined ? [] : [`flash-attn@${flash}`]),
        ],
        makes: torchFolder(python, torch.version),
        needs: [
          // What is common is not installed with a torch once more.
          { step: commonName(python), folder: commonFolder(python) },
          ...torch.shared.flatMap((group) =>
            group.map((wheel) => ({ step: wheelsName(group), folder: wheelFolder(wheel) })),
          ),
        ],
      };
    }),
  );
  return [...wheels, ...common, ...torches];
}

function wheelSteps({ torches, pythons }: BasePlan): Step[] {
  const groups = new Map(
    torches.flatMap(({ shared }) => shared.map((group) => [wheelsName(group), group] as const)),
  );
  return [...groups]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, group]) => ({
      name,
      about: "libraries of CUDA that several builds of torch share",
      // They are for every Python: the first will do.
      words: ["wheels", "--python", pythons[0]?.version ?? "", ...group],
      makes: wheelsFolder,
      needs: [],
    }));
}

function commonName(python: string): string {
  return `common-py${python}`;
}

/** A wheel is in one group only, so the first one names it. */
function wheelsName([first = ""]: readonly string[]): string {
  return `wheels-${first.replace("==", "-")}`;
}
