import type { Answers } from "./answers.ts";
import type { Project } from "./project.ts";

const servingGroup =
  /^(?:main|default|prod(?:uction)?|serv(?:e|ing|er)|api|web|app|infer(?:ence)?|deploy(?:ment)?|runtime)$/i;
const cpuGroup = /^(?:.*[-_])?cpu$/i;
const gpuGroup = /^(?:.*[-_])?(?:gpu|cuda[\d.]*|cu\d+)$/i;
const otherHardware = /^(?:rocm[\d.]*|mps|metal|xpu|tpu|hpu|npu)$/i;
/** For whoever works on the project: in the image dev only. */
const devGroup =
  /^(?:dev(?:el(?:opment)?)?|tests?|testing|ci|lint(?:ing|ers?)?|format(?:ting)?|typ(?:es?|ing)|docs?|documentation|notebooks?|jupyter|build|release|style|qa|quality|pre-commit|tools?|tooling|examples?|bench(?:marks?)?|all|full|complete)$/i;

/** Groups that training has and serving does without: not those for serving or for work on the project, nor those that choose CPU or GPU. */
export function trainGroups(project: Project): string[] {
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
export function extrasByUse(project: Project, cuda: string | undefined): NonNullable<Answers["extras"]> {
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
