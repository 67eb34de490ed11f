import type { Framework, Project } from "../project.ts";

/** A project of pip with nothing special, and what is said over it. */
export function projectWith(more: Partial<Project> = {}): Project {
  return {
    name: "detector",
    manager: { value: "pip", because: [{ file: "requirements.txt", says: "is there" }] },
    manifest: "requirements.txt",
    lockFile: undefined,
    requirementFiles: [],
    workspace: [],
    python: { value: "3.12", because: [] },
    requirements: [],
    frameworks: [],
    serving: undefined,
    entryPoints: [
      { purpose: "train", command: ["python", "train.py"], from: { file: "train.py", says: "is a program" } },
    ],
    sources: ["train.py"],
    isPackage: false,
    systemNeeds: [],
    notebooks: [],
    r: false,
    dataFolders: [],
    weightFolders: [],
    weights: [],
    containerFiles: [],
    ...more,
  };
}

/** A project that asks for torch like this. */
export function torchProject(torch: Partial<Framework> = {}, more: Partial<Project> = {}): Project {
  const framework: Framework = {
    name: "torch",
    version: undefined,
    build: "open",
    cuda: undefined,
    ...torch,
  };
  const from = { file: "requirements.txt", line: 1, says: `asks for torch==${torch.version ?? ""}` };
  return projectWith({ frameworks: [{ value: framework, because: [from] }], ...more });
}
