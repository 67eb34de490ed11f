import type { Answers, OutputFile } from "../answers.ts";
import { appFolder, cacheFolder, outputFolder, tokenPath, weightsPath } from "../image-layout.ts";
import { enginesBy, usesHub, usesToken } from "./dockerfile-plan.ts";
import { manifest, nameOf, text } from "./kubernetes-text.ts";

/** A volume of a pod and where its container has it. */
export interface PodVolume {
  readonly name: string;
  readonly path: string;
  readonly readOnly?: true;
  /** What it is, as lines of YAML below the name; comments above. */
  readonly about: string | undefined;
  readonly source: readonly string[];
}

/** What a pod that serves has besides its image. */
export function servingVolumes(answers: Answers): PodVolume[] {
  return [
    scratch("tmp", "/tmp", "2Gi"),
    keepsCache(answers) ? claim(answers, "cache", cacheFolder) : scratch("cache", cacheFolder, "20Gi"),
    sharedMemory("1Gi"),
    ...(hasWeights(answers)
      ? [{ ...claim(answers, "weights", weightsPath(answers.weightFolder)), readOnly: true } as const]
      : []),
    ...(answers.weights === "download"
      ? [scratch("weights", weightsPath(answers.weightFolder), "50Gi")]
      : []),
    ...(usesToken(answers) ? [token(answers)] : []),
  ];
}

/** What a pod that trains has besides its image: claims for data must be there. */
export function trainingVolumes(answers: Answers): PodVolume[] {
  return [
    scratch("tmp", "/tmp", "10Gi"),
    scratch("cache", cacheFolder, "50Gi"),
    sharedMemory("8Gi"),
    claim(answers, "outputs", outputFolder),
    ...dataNames(answers.dataFolders).map(({ folder, name }, at): PodVolume => {
      const about = "The data sets: claims of these names must be there, filled by whoever has the data.";
      const data = claim(answers, name, `${appFolder}/${folder}`);
      return { ...data, readOnly: true, about: at === 0 ? about : undefined };
    }),
  ];
}

/** The claims that belong to a service, each in a file of its own. */
export function servingClaims(answers: Answers): OutputFile[] {
  return [
    ...(hasWeights(answers)
      ? [
          volumeClaim(answers, "serve", "weights", "ReadWriteMany", "50Gi", [
            "The weights, filled once by whoever has them; pods only read them. ReadWriteMany needs a storage class for",
            "it (NFS, CephFS, Filestore, EFS); ReadWriteOnce will do where all pods run on one node.",
          ]),
        ]
      : []),
    ...(keepsCache(answers)
      ? [
          volumeClaim(answers, "serve", "cache", "ReadWriteMany", "100Gi", [
            usesHub(answers)
              ? "The model and what is compiled for it, fetched by the first pod; the others find it there."
              : "Engines, by GPU architecture: the first pod of each builds them, the others find them there.",
          ]),
        ]
      : []),
  ];
}

/** The claims that belong to training. */
export function trainingClaims(answers: Answers): OutputFile[] {
  return [
    volumeClaim(answers, "train", "outputs", "ReadWriteOnce", "100Gi", [
      "What training leaves: checkpoints and logs.",
    ]),
  ];
}

/** `volumeMounts` of the container. */
export function mounts(volumes: readonly PodVolume[]): string[] {
  return [
    "          volumeMounts:",
    ...volumes.flatMap(({ name, path, readOnly }) => [
      `            - name: ${name}`,
      `              mountPath: ${text(path)}`,
      ...(readOnly === true ? ["              readOnly: true"] : []),
    ]),
  ];
}

/** `volumes` of the pod. */
export function sources(volumes: readonly PodVolume[]): string[] {
  return [
    "      volumes:",
    ...volumes.flatMap(({ name, readOnly, about, source }) => [
      ...(about === undefined ? [] : [`        # ${about}`]),
      `        - name: ${name}`,
      ...source.map((line) => `          ${line}`),
      ...(readOnly === true && source[0] === "persistentVolumeClaim:" ? ["            readOnly: true"] : []),
    ]),
  ];
}

/** Whether what a service makes at its start takes too long to be made anew for each pod. */
function keepsCache(answers: Answers): boolean {
  return usesHub(answers) || enginesBy(answers) !== undefined;
}

function hasWeights({ weights, weightFolder }: Answers): boolean {
  return weights === "volume" && weightFolder !== undefined;
}

function scratch(name: string, path: string, size: string): PodVolume {
  return { name, path, about: undefined, source: ["emptyDir:", `  sizeLimit: ${size}`] };
}

function sharedMemory(size: string): PodVolume {
  return {
    name: "shm",
    path: "/dev/shm",
    about: "Tensors go from process to process through it, and a pod has 64 MB otherwise. Counts as memory.",
    source: ["emptyDir:", "  medium: Memory", `  sizeLimit: ${size}`],
  };
}

function claim(answers: Answers, name: string, path: string): PodVolume {
  const source = ["persistentVolumeClaim:", `  claimName: ${text(nameOf(answers, name))}`];
  return { name, path, about: undefined, source };
}

function token(answers: Answers): PodVolume {
  return {
    name: "token",
    path: tokenPath.slice(0, tokenPath.lastIndexOf("/")),
    readOnly: true,
    about: "For models that need one: kubectl create secret generic with a key hf_token.",
    source: ["secret:", `  secretName: ${text(nameOf(answers, "token"))}`, "  optional: true"],
  };
}

/** Names of volumes for folders: theirs, as far as they are free and are names. */
function dataNames(folders: readonly string[]): { folder: string; name: string }[] {
  const taken = new Set(["tmp", "cache", "shm", "outputs"]);
  return folders.map((folder, at) => {
    const plain = folder
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-+|-+$/g, "")
      .slice(0, 30);
    const name = plain === "" || taken.has(plain) ? `data-${at}` : plain;
    taken.add(name);
    return { folder, name };
  });
}

function volumeClaim(
  answers: Answers,
  purpose: "serve" | "train",
  name: string,
  mode: "ReadWriteOnce" | "ReadWriteMany",
  size: string,
  about: readonly string[],
): OutputFile {
  return manifest(`${purpose}/base/${name}.yaml`, [
    ...about.map((line) => `# ${line}`),
    "apiVersion: v1",
    "kind: PersistentVolumeClaim",
    "metadata:",
    `  name: ${text(nameOf(answers, name))}`,
    "spec:",
    "  accessModes:",
    `    - ${mode}`,
    "  resources:",
    "    requests:",
    `      storage: ${size}`,
  ]);
}
