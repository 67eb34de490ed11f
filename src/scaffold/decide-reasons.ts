import type { Answers } from "./answers.ts";
import type { Choices } from "./choices.ts";
import { gpuOnly } from "./cuda/gpu-only.ts";
import type { CudaDecision } from "./decide-cuda.ts";
import { evidence } from "./evidence.ts";
import type { Found, Framework, Project } from "./project.ts";

/** One of the things that decide what is written, for display. */
export interface Reason {
  /** `Python` */
  readonly topic: string;
  /** `3.12` */
  readonly value: string;
  /** Half a sentence. */
  readonly because: string;
}

/** What is said where a flag, an answer or ddiff.yaml decided. */
export const asked = "asked for";

/** What the reasons need to know besides. */
export interface Known {
  readonly project: Project;
  readonly choices: Choices;
  readonly cuda: CudaDecision;
  /** Half sentences that were found on the way. */
  readonly because: { readonly python: string; readonly train: string; readonly serve: string };
}

/** Everything that was decided, in the order in which it is shown. */
export function reasonsFor(answers: Answers, { project, choices, cuda, because }: Known): Reason[] {
  const usesPython = answers.manager !== "r";
  return [
    reason("packages by", answers.manager, unlessAsked(choices.manager, project.manager)),
    ...(usesPython ? [reason("Python", answers.python, because.python)] : []),
    reason("GPU", cuda.cuda === undefined ? "none" : answers.gpus.join(", ") || "any", cuda.why.gpu),
    ...(cuda.cuda === undefined ? [] : [reason("CUDA", cuda.cuda, cuda.why.cuda)]),
    ...(answers.torch === undefined ? [] : [reason("torch", answers.torch, cuda.why.torch)]),
    ...frameworkReasons(project, choices),
    reason("training", answers.train?.join(" "), because.train),
    reason("serving", answers.serve?.join(" "), because.serve),
    ...(answers.port === undefined ? [] : [reason("port", String(answers.port), portWhy(project, choices))]),
    ...(answers.serve === undefined ? [] : [reason("health", answers.health, healthWhy(answers, project))]),
    ...project.systemNeeds.map((one) => reason("needs", one.value, evidence(one))),
    ...listReason("needs not", choices.without ?? [], asked),
    ...listReason("apt packages", answers.systemPackages ?? [], asked),
    ...listReason(
      "program",
      answers.sources,
      choices.sources === undefined ? "folders and files with code" : asked,
    ),
    ...listReason(
      "data",
      answers.dataFolders,
      choices.dataFolders === undefined ? "stays out of the image" : asked,
    ),
    ...(answers.weightFolder === undefined ? [] : [weightsReason(project, choices, answers)]),
    reason("stages", answers.stages.join(" "), stagesWhy(project, choices, answers)),
    reason("base, CPU", answers.bases.cpu, "from the catalogue"),
    ...(answers.bases.gpu === undefined ? [] : [reason("base, GPU", answers.bases.gpu, gpuBaseWhy(answers))]),
    ...(answers.bases.compiler === undefined
      ? []
      : [
          reason(
            "base, compiler",
            answers.bases.compiler,
            "something has to be compiled; only while it is built",
          ),
        ]),
  ];
}

/** torch has a line of its own. */
function frameworkReasons({ frameworks }: Project, { frameworks: chosen }: Choices): Reason[] {
  if (chosen?.length === 0) return [reason("framework", "none", asked)];
  const others = frameworks.filter((one) => one.value.name !== "torch");
  return others.map((one) => reason("framework", frameworkText(one.value), unlessAsked(chosen, one)));
}

function frameworkText({ name, version }: Framework): string {
  return version === undefined ? name : `${name} ${version}`;
}

/** What was found speaks for itself, unless it was asked for. */
function unlessAsked(choice: unknown, found: Found<unknown>): string {
  return choice === undefined ? evidence(found) : asked;
}

function listReason(topic: string, values: readonly string[], because: string): Reason[] {
  return values.length === 0 ? [] : [reason(topic, values.join(" "), because)];
}

function stagesWhy(project: Project, choices: Choices, { cuda }: Answers): string {
  if (choices.stages !== undefined) return asked;
  const name = cuda === undefined ? undefined : gpuOnly(project);
  return name === undefined ? "what there is to run" : `what there is to run; ${name} runs on GPUs only`;
}

function weightsReason(project: Project, choices: Choices, answers: Answers): Reason {
  const size = project.weights.reduce((sum, one) => sum + one.size, 0);
  const found =
    size > 0 ? `${project.weights.length} files of weights were found` : "weights stay out of the image";
  const why = choices.weights === undefined && choices.weightFolder === undefined ? found : asked;
  return { topic: "weights", value: `${answers.weights}: ${answers.weightFolder}`, because: why };
}

function gpuBaseWhy({ bases }: Answers): string {
  return bases.gpu?.includes("cuda") === true ? "CUDA comes from the image" : "CUDA comes with the wheels";
}

function healthWhy({ health }: Answers, { serving }: Project): string {
  if (health === undefined) return "the port is asked instead";
  return serving?.value.health === health ? "found in the code" : "the program has it";
}

function portWhy(project: Project, choices: Choices): string {
  if (choices.port !== undefined) return asked;
  return project.serving === undefined ? "the usual one" : evidence(project.serving);
}

function reason(topic: string, value: string | undefined, because: string): Reason {
  return { topic, value: value ?? "none", because };
}
