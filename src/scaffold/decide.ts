import type { Answers, StageName } from "./answers.ts";
import { chooseBases } from "./bases.ts";
import { type Choices, stageNames, targetNames } from "./choices.ts";
import { type CudaDecision, decideCuda } from "./decide-cuda.ts";
import { evidence, sentence } from "./evidence.ts";
import { impossible } from "./impossible.ts";
import type { EntryPoint, Project } from "./project.ts";
import { onPort, portIn, serveCommand } from "./serve-command.ts";

/** One of the things that decide what is written, for display. */
interface Reason {
  /** `Python` */
  readonly topic: string;
  /** `3.12` */
  readonly value: string;
  /** Half a sentence. */
  readonly because: string;
}

/** What is decided, and why. */
export interface Decision {
  readonly answers: Answers;
  readonly reasons: readonly Reason[];
}

const asked = "asked for";

/**
 * What is to be written for a project: what somebody chose, else what was found, else what the catalogue has. `earlier` are the answers of the
 * run before: of what the catalogue offers, its choice stays as long as it fits. Throws `IMPOSSIBLE` with the nearest that goes,
 * `GPU_UNKNOWN`.
 */
export function decide(project: Project, choices: Choices, earlier: Answers | undefined): Decision {
  const python = choices.python ?? project.python.value;
  const cuda = decideCuda(project, choices, python, earlier);
  const commands = decideCommands(project, choices);
  const stages = decideStages(project, choices, cuda, commands);
  const only = targetNames.filter((one) => choices.only === undefined || choices.only.includes(one));
  const weights = choices.weights ?? "volume";
  const serves = stages.some((one) => one.startsWith("serve"));
  const mayHaveWeights = serves && (project.frameworks.length > 0 || choices.weights !== undefined);
  const weightFolder =
    project.weightFolders[0] ?? (mayHaveWeights || project.weights.length > 0 ? "models" : undefined);
  const decided: Omit<Answers, "bases"> = {
    name: project.name,
    manager: project.manager.value,
    manifest: project.manifest,
    lockFile: project.lockFile,
    python,
    stages,
    only,
    gpus: cuda.gpus.map((one) => one.name),
    driver: cuda.driver,
    cuda: stages.some((one) => one.endsWith("-gpu")) ? cuda.cuda : undefined,
    torch: cuda.torch,
    registry: choices.registry,
    systemNeeds: project.systemNeeds.map((one) => one.value),
    train: commands.train,
    serve: commands.serve,
    port:
      commands.serve === undefined
        ? undefined
        : (choices.port ?? portIn(commands.serve) ?? project.serving?.value.port ?? 8000),
    health: commands.serve === undefined ? undefined : project.serving?.value.health,
    weights,
    weightFolder,
    dataFolders: project.dataFolders,
    sources: project.sources,
    isPackage: project.isPackage,
    trainGroups: trainGroups(project),
  };
  const frameworks = project.frameworks.map((one) => one.value);
  const answers: Answers = {
    ...decided,
    bases: chooseBases({ ...decided, gpus: cuda.gpus, frameworks }),
    frameworks,
    requirementFiles: project.requirementFiles,
    workspace: project.workspace,
    serving: project.serving?.value.kind,
    extras: extrasByUse(project, decided.cuda),
  };
  return { answers, reasons: reasonsFor(project, choices, answers, cuda, commands.because) };
}

interface Commands {
  readonly train: readonly string[] | undefined;
  readonly serve: readonly string[] | undefined;
  readonly because: { readonly train: string; readonly serve: string };
}

function decideCommands(project: Project, choices: Choices): Commands {
  const byPurpose = (purpose: EntryPoint["purpose"]) =>
    project.entryPoints.find((one) => one.purpose === purpose);
  const serving = project.serving;
  const serve = byPurpose("serve");
  const served = choices.serve ?? serve?.command ?? (serving && serveCommand(serving.value));
  const serveWords =
    served === undefined || choices.port === undefined ? served : onPort(served, choices.port);
  // A project that neither trains nor serves runs its one program as a job.
  const train =
    byPurpose("train") ??
    (serveWords === undefined ? (byPurpose("main") ?? byPurpose("evaluate")) : undefined);
  return {
    train: choices.train ?? train?.command,
    serve: serveWords,
    because: {
      train:
        choices.train === undefined
          ? train === undefined
            ? "no training was found"
            : sentence(train.from)
          : asked,
      serve:
        choices.serve !== undefined
          ? asked
          : serve !== undefined
            ? sentence(serve.from)
            : serving === undefined
              ? "nothing that answers requests was found"
              : evidence(serving),
    },
  };
}

function decideStages(
  project: Project,
  choices: Choices,
  { cuda, why }: CudaDecision,
  { train, serve }: Commands,
): readonly StageName[] {
  const wanted = choices.stages;
  const gpu = wanted?.find((one) => one.endsWith("-gpu"));
  if (gpu !== undefined && cuda === undefined)
    throw impossible(
      `${gpu} needs a GPU: ${why.gpu}`,
      `Name one with --gpu, or take --target ${gpu.replace("gpu", "cpu")}.`,
    );
  const unserved = wanted?.find((one) => one.startsWith("serve"));
  if (unserved !== undefined && serve === undefined)
    throw impossible(
      `${unserved} needs a program that answers requests, and none was found`,
      "Name it with --serve.",
    );
  return stageNames.filter((one) => {
    if (wanted !== undefined) return wanted.includes(one);
    if (one === "dev") return true;
    if (one.endsWith("-gpu") && cuda === undefined) return false;
    if (one.startsWith("serve")) return serve !== undefined;
    // Without anything to run there still is an image with the packages.
    return train !== undefined || serve === undefined || hasTraining(project);
  });
}

function hasTraining(project: Project): boolean {
  return project.entryPoints.some((one) => one.purpose === "train");
}

const servingGroup =
  /^(?:main|default|prod(?:uction)?|serv(?:e|ing|er)|api|web|app|infer(?:ence)?|deploy(?:ment)?|runtime)$/i;
const cpuGroup = /^(?:.*[-_])?cpu$/i;
const gpuGroup = /^(?:.*[-_])?(?:gpu|cuda[\d.]*|cu\d+)$/i;
const otherHardware = /^(?:rocm[\d.]*|mps|metal|xpu|tpu|hpu|npu)$/i;
/** For whoever works on the project: in the image dev only. */
const devGroup =
  /^(?:dev(?:el(?:opment)?)?|tests?|testing|ci|lint(?:ing|ers?)?|format(?:ting)?|typ(?:es?|ing)|docs?|documentation|notebooks?|jupyter|build|release|style|qa|quality|pre-commit|tools?|tooling|examples?|bench(?:marks?)?|all|full|complete)$/i;

/** Groups that training has and serving does without: not those for serving or for work on the project, nor those that choose CPU or GPU. */
function trainGroups(project: Project): string[] {
  const groups = [
    ...project.requirements.flatMap((one) => one.groups),
    ...project.requirementFiles.map((one) => one.group),
  ];
  const others = [servingGroup, cpuGroup, gpuGroup, otherHardware, devGroup];
  const extras = new Set(project.extras ?? []);
  return [...new Set(groups)]
    .filter((one) => !extras.has(one) && !others.some((kind) => kind.test(one)))
    .sort();
}

/** Extras are installed only where they are named: each by what its name says it is for. */
function extrasByUse(project: Project, cuda: string | undefined): NonNullable<Answers["extras"]> {
  const extras = [...new Set(project.extras ?? [])].sort();
  const wheel = cuda === undefined ? undefined : `cu${cuda.replace(".", "")}`;
  const gpu = extras.filter((one) => gpuGroup.test(one));
  // Of cu126 and cu128 only one can be installed.
  const exact = gpu.filter((one) => one.toLowerCase().endsWith(wheel ?? "-"));
  const uses = {
    serve: extras.filter((one) => servingGroup.test(one)),
    train: extras.filter((one) => /^(?:train(?:ing|er)?|tune|finetun(?:e|ing))$/i.test(one)),
    dev: extras.filter((one) => devGroup.test(one)),
    cpu: extras.filter((one) => cpuGroup.test(one)),
    gpu: exact.length > 0 ? exact : gpu.slice(0, 1),
  };
  return Object.fromEntries(Object.entries(uses).filter(([, names]) => names.length > 0));
}

function reasonsFor(
  project: Project,
  choices: Choices,
  answers: Answers,
  cuda: CudaDecision,
  because: Commands["because"],
): Reason[] {
  const usesPython = answers.manager !== "r";
  return [
    reason("packages by", answers.manager, evidence(project.manager)),
    ...(usesPython
      ? [reason("Python", answers.python, choices.python === undefined ? evidence(project.python) : asked)]
      : []),
    reason("GPU", cuda.cuda === undefined ? "none" : answers.gpus.join(", ") || "any", cuda.why.gpu),
    ...(cuda.cuda === undefined ? [] : [reason("CUDA", cuda.cuda, cuda.why.cuda)]),
    ...(answers.torch === undefined ? [] : [reason("torch", answers.torch, cuda.why.torch)]),
    reason("training", answers.train?.join(" "), because.train),
    reason("serving", answers.serve?.join(" "), because.serve),
    ...(answers.port === undefined ? [] : [reason("port", String(answers.port), portWhy(project, choices))]),
    ...(answers.serve === undefined
      ? []
      : [
          reason(
            "health",
            answers.health,
            answers.health === undefined ? "the port is asked instead" : "found in the code",
          ),
        ]),
    ...project.systemNeeds.map((one) => reason("needs", one.value, evidence(one))),
    ...(answers.weightFolder === undefined ? [] : [weightsReason(project, choices, answers)]),
    reason("stages", answers.stages.join(" "), choices.stages === undefined ? "what there is to run" : asked),
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

function weightsReason(project: Project, choices: Choices, answers: Answers): Reason {
  const size = project.weights.reduce((sum, one) => sum + one.size, 0);
  const found =
    size > 0 ? `${project.weights.length} files of weights were found` : "weights stay out of the image";
  const why = choices.weights === undefined ? found : asked;
  return { topic: "weights", value: `${answers.weights}: ${answers.weightFolder}`, because: why };
}

function gpuBaseWhy({ bases }: Answers): string {
  return bases.gpu?.includes("cuda") === true ? "CUDA comes from the image" : "CUDA comes with the wheels";
}

function portWhy(project: Project, choices: Choices): string {
  if (choices.port !== undefined) return asked;
  return project.serving === undefined ? "the usual one" : evidence(project.serving);
}

function reason(topic: string, value: string | undefined, because: string): Reason {
  return { topic, value: value ?? "none", because };
}
