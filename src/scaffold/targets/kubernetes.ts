import type { Answers, OutputFile, StageName } from "../answers.ts";
import { imageOf, purposeOf } from "../image-names.ts";
import { platformsOf } from "../platforms.ts";
import { appFolder, cacheFolder, outputFolder, userId, weightsPath } from "../image-layout.ts";

const header = "# Written by ddiff init from ddiff.yaml; yours to change.";

/**
 * Kustomize bases with overlays for CPU and GPU, one pair for the service and one for training, so that applying the one never starts the
 * other: `kubectl apply -k k8s/serve/gpu`.
 */
export function kubernetes(answers: Answers): readonly OutputFile[] {
  const files: OutputFile[] = [];
  const serving = answers.stages.filter((one) => purposeOf(one) === "serve");
  const training = answers.stages.filter((one) => purposeOf(one) === "train");
  const shared = usesVolume(answers) ? ["weights.yaml"] : [];
  if (serving.length > 0 && answers.serve !== undefined) {
    const port = answers.port ?? 8000;
    const resources = ["deployment.yaml", "service.yaml", "autoscaler.yaml", ...shared];
    files.push(
      file("serve/base/kustomization.yaml", kustomization(answers, "serve", resources)),
      file("serve/base/deployment.yaml", deployment(answers, port)),
      file("serve/base/service.yaml", service(answers)),
      file("serve/base/autoscaler.yaml", autoscaler(answers)),
      ...overlays(answers, serving, "serve", "Deployment"),
    );
    if (usesVolume(answers)) files.push(file("serve/base/weights.yaml", weightsClaim(answers)));
  }
  if (training.length > 0) {
    files.push(
      file("train/base/kustomization.yaml", kustomization(answers, "train", ["job.yaml", "outputs.yaml"])),
      file("train/base/job.yaml", job(answers)),
      file("train/base/outputs.yaml", outputsClaim(answers)),
      ...overlays(answers, training, "train", "Job"),
    );
  }
  return files.sort((one, other) => (one.path < other.path ? -1 : 1));
}

function file(path: string, lines: readonly string[]): OutputFile {
  return { path: `k8s/${path}`, text: `${lines.join("\n")}\n` };
}

function usesVolume({ weights, weightFolder }: Answers): boolean {
  return weights === "volume" && weightFolder !== undefined;
}

/** Kubernetes' names are shorter than those of images, and without dots. */
function nameOf(answers: Answers, end: string): string {
  const name = answers.name.replaceAll(/[^a-z0-9-]+/g, "-").slice(0, 62 - end.length);
  return `${name.replace(/^[^a-z]+/, "").replace(/-+$/, "") || "app"}-${end}`;
}

/** The image as the base calls it: the overlays put registry and tag in its place. */
function placeholder(answers: Answers, purpose: "serve" | "train"): string {
  return `${answers.name}-${purpose}`;
}

function kustomization(answers: Answers, purpose: "serve" | "train", resources: readonly string[]): string[] {
  return [
    header,
    `# Not to be applied by itself: kubectl apply -k k8s/${purpose}/cpu, or gpu.`,
    "apiVersion: kustomize.config.k8s.io/v1beta1",
    "kind: Kustomization",
    "resources:",
    ...resources.map((one) => `  - ${one}`),
    "labels:",
    "  - pairs:",
    `      app.kubernetes.io/name: ${text(nameOf(answers, purpose))}`,
    `      app.kubernetes.io/part-of: ${text(answers.name.slice(0, 63).replace(/[^a-z0-9]+$/, ""))}`,
    "    includeTemplates: true",
  ];
}

function overlays(
  answers: Answers,
  stages: readonly StageName[],
  purpose: "serve" | "train",
  kind: "Deployment" | "Job",
): OutputFile[] {
  return stages.map((stage) => {
    const hardware = stage.endsWith("-gpu") ? "gpu" : "cpu";
    const { repository, tag } = imageOf(answers, stage);
    const platforms = platformsOf(answers, stage);
    const patches = [
      ...(hardware === "gpu" ? gpuPatch(answers) : []),
      ...(platforms.length === 1 ? archPatch(platforms[0] ?? "") : []),
    ];
    return file(`${purpose}/${hardware}/kustomization.yaml`, [
      header,
      "apiVersion: kustomize.config.k8s.io/v1beta1",
      "kind: Kustomization",
      "resources:",
      "  - ../base",
      "images:",
      `  - name: ${text(placeholder(answers, purpose))}`,
      ...(answers.registry === undefined
        ? ["    # Behind your registry: ddiff init --registry ghcr.io/lab."]
        : []),
      `    newName: ${text(repository)}`,
      "    # Better its digest (digest: sha256:...), which the workflow prints: a tag can be moved.",
      `    newTag: ${text(tag)}`,
      ...(patches.length === 0
        ? []
        : [
            "patches:",
            "  - target:",
            `      kind: ${kind}`,
            `      name: ${text(nameOf(answers, purpose))}`,
            "    patch: |-",
            ...patches,
          ]),
    ]);
  });
}

/** Requests and limits of GPUs are the same number, and never shared. */
function gpuPatch({ gpus }: Answers): string[] {
  return [
    ...(gpus.length === 0
      ? []
      : [`      # For ${gpus.join(", ")}; nvidia.com/gpu.product selects one where nodes are labelled.`]),
    "      - op: add",
    "        path: /spec/template/spec/containers/0/resources/limits/nvidia.com~1gpu",
    '        value: "1"',
    "      - op: add",
    "        path: /spec/template/spec/tolerations",
    "        value:",
    "          - key: nvidia.com/gpu",
    "            operator: Exists",
    "            effect: NoSchedule",
  ];
}

/** An image of one architecture starts on no other. */
function archPatch(platform: string): string[] {
  return [
    "      - op: add",
    "        path: /spec/template/spec/nodeSelector",
    "        value:",
    `          kubernetes.io/arch: ${text(platform.replace("linux/", ""))}`,
  ];
}

function deployment(answers: Answers, port: number): string[] {
  const name = nameOf(answers, "serve");
  const probe = probeOf(answers);
  const downloads = answers.weights === "download";
  return [
    header,
    "apiVersion: apps/v1",
    "kind: Deployment",
    "metadata:",
    `  name: ${text(name)}`,
    "spec:",
    "  # No replicas: the autoscaler sets them, and applying this again must not undo it.",
    "  selector:",
    "    matchLabels:",
    `      app: ${text(name)}`,
    "  strategy:",
    "    rollingUpdate:",
    "      # A GPU more than there are may not exist: the old pod goes first.",
    `      maxSurge: ${answers.cuda === undefined ? "1" : "0"}`,
    `      maxUnavailable: ${answers.cuda === undefined ? "0" : "1"}`,
    "  template:",
    "    metadata:",
    "      labels:",
    `        app: ${text(name)}`,
    "    spec:",
    ...podSecurity(),
    "      containers:",
    "        - name: serve",
    `          image: ${text(placeholder(answers, "serve"))}`,
    "          ports:",
    "            - name: http",
    `              containerPort: ${port}`,
    ...download(answers),
    ...containerSecurity(),
    "          # Loading weights takes its time: only after this the other two count.",
    "          startupProbe:",
    ...probe,
    "            periodSeconds: 10",
    "            failureThreshold: 60",
    "          readinessProbe:",
    ...probe,
    "            periodSeconds: 10",
    "            timeoutSeconds: 5",
    "          livenessProbe:",
    ...probe,
    "            periodSeconds: 30",
    "            timeoutSeconds: 10",
    "            failureThreshold: 3",
    ...resources("500m", "2Gi", "8Gi"),
    "          volumeMounts:",
    ...mount("tmp", "/tmp"),
    ...mount("cache", cacheFolder),
    ...mount("shm", "/dev/shm"),
    ...(usesVolume(answers) ? mount("weights", weightsPath(answers.weightFolder), true) : []),
    ...(downloads ? mount("weights", weightsPath(answers.weightFolder)) : []),
    ...(downloads ? mount("token", "/run/secrets", true) : []),
    "      volumes:",
    ...scratch("tmp", "2Gi"),
    ...scratch("cache", "20Gi"),
    ...sharedMemory("1Gi"),
    ...(usesVolume(answers) ? claim("weights", nameOf(answers, "weights"), true) : []),
    ...(downloads ? [...scratch("weights", "50Gi"), ...token(answers)] : []),
  ];
}

function service(answers: Answers): string[] {
  const name = nameOf(answers, "serve");
  return [
    header,
    "apiVersion: v1",
    "kind: Service",
    "metadata:",
    `  name: ${text(name)}`,
    "spec:",
    "  selector:",
    `    app: ${text(name)}`,
    "  ports:",
    "    - name: http",
    "      port: 80",
    "      targetPort: http",
  ];
}

function autoscaler(answers: Answers): string[] {
  const name = nameOf(answers, "serve");
  return [
    header,
    "apiVersion: autoscaling/v2",
    "kind: HorizontalPodAutoscaler",
    "metadata:",
    `  name: ${text(name)}`,
    "spec:",
    "  scaleTargetRef:",
    "    apiVersion: apps/v1",
    "    kind: Deployment",
    `    name: ${text(name)}`,
    "  minReplicas: 1",
    "  maxReplicas: 4",
    "  metrics:",
    "    # The CPU says little of a GPU's load: with DCGM's metrics in the cluster, take those of the GPU instead.",
    "    - type: Resource",
    "      resource:",
    "        name: cpu",
    "        target:",
    "          type: Utilization",
    "          averageUtilization: 70",
    "  behavior:",
    "    scaleDown:",
    "      # A new pod loads its weights for minutes: none is given up in haste.",
    "      stabilizationWindowSeconds: 600",
  ];
}

function job(answers: Answers): string[] {
  const name = nameOf(answers, "train");
  return [
    header,
    "# A Job is never changed, only replaced: kubectl delete job first, or a new name.",
    "apiVersion: batch/v1",
    "kind: Job",
    "metadata:",
    `  name: ${text(name)}`,
    "spec:",
    "  backoffLimit: 2",
    "  # A day to read its log, then it is cleared away.",
    "  ttlSecondsAfterFinished: 86400",
    "  template:",
    "    metadata:",
    "      labels:",
    `        app: ${text(name)}`,
    "    spec:",
    "      restartPolicy: OnFailure",
    ...podSecurity(),
    "      containers:",
    "        - name: train",
    `          image: ${text(placeholder(answers, "train"))}`,
    ...(answers.train === undefined
      ? []
      : ["          args:", ...answers.train.map((one) => `            - ${text(one)}`)]),
    ...containerSecurity(),
    ...resources("2", "8Gi", "32Gi"),
    "          volumeMounts:",
    ...mount("tmp", "/tmp"),
    ...mount("cache", cacheFolder),
    ...mount("shm", "/dev/shm"),
    ...mount("outputs", outputFolder),
    ...answers.dataFolders.flatMap((folder, at) => mount(`data-${at}`, `${appFolder}/${folder}`, true)),
    "      volumes:",
    ...scratch("tmp", "10Gi"),
    ...scratch("cache", "50Gi"),
    ...sharedMemory("8Gi"),
    ...claim("outputs", nameOf(answers, "outputs")),
    ...(answers.dataFolders.length === 0
      ? []
      : ["        # The data sets: claims of these names must be there, filled by whoever has the data."]),
    ...answers.dataFolders.flatMap((_, at) => claim(`data-${at}`, nameOf(answers, `data-${at}`), true)),
  ];
}

function outputsClaim(answers: Answers): string[] {
  return volumeClaim(
    nameOf(answers, "outputs"),
    "ReadWriteOnce",
    "100Gi",
    "What training leaves: checkpoints and logs.",
  );
}

function weightsClaim(answers: Answers): string[] {
  return volumeClaim(
    nameOf(answers, "weights"),
    "ReadOnlyMany",
    "50Gi",
    "The weights, filled once by whoever has them. Pods only read them, so that many can share them.",
  );
}

function volumeClaim(name: string, mode: string, size: string, about: string): string[] {
  return [
    header,
    `# ${about}`,
    "apiVersion: v1",
    "kind: PersistentVolumeClaim",
    "metadata:",
    `  name: ${text(name)}`,
    "spec:",
    "  accessModes:",
    `    - ${mode}`,
    "  resources:",
    "    requests:",
    `      storage: ${size}`,
  ];
}

function probeOf({ health }: Answers): string[] {
  return health === undefined
    ? ["            tcpSocket:", "              port: http"]
    : ["            httpGet:", `              path: ${text(health)}`, "              port: http"];
}

/** What the image's fetch_weights.py goes by. */
function download({ weights }: Answers): string[] {
  if (weights !== "download") return [];
  return [
    "          env:",
    "            # Addresses with blanks between, each with #sha256=... behind it; or a repository of the Hugging Face Hub.",
    "            - name: WEIGHTS_URL",
    '              value: ""',
    "            - name: HF_MODEL",
    '              value: ""',
  ];
}

function token(answers: Answers): string[] {
  return [
    "        # For models that need one: kubectl create secret generic with a key hf_token.",
    "        - name: token",
    "          secret:",
    `            secretName: ${text(nameOf(answers, "token"))}`,
    "            optional: true",
  ];
}

function podSecurity(): string[] {
  return [
    "      # The program does not talk to Kubernetes.",
    "      automountServiceAccountToken: false",
    "      securityContext:",
    "        runAsNonRoot: true",
    `        runAsUser: ${userId}`,
    `        runAsGroup: ${userId}`,
    "        # Volumes are the group's, or the user could not write to them.",
    `        fsGroup: ${userId}`,
    "        fsGroupChangePolicy: OnRootMismatch",
    "        seccompProfile:",
    "          type: RuntimeDefault",
  ];
}

function containerSecurity(): string[] {
  return [
    "          securityContext:",
    "            allowPrivilegeEscalation: false",
    "            readOnlyRootFilesystem: true",
    "            capabilities:",
    "              drop:",
    "                - ALL",
  ];
}

function resources(cpu: string, memory: string, most: string): string[] {
  return [
    "          # Measure and change them: too little memory ends the program, too much CPU is paid for nothing.",
    "          resources:",
    "            requests:",
    `              cpu: ${text(cpu)}`,
    `              memory: ${memory}`,
    "            limits:",
    `              memory: ${most}`,
  ];
}

function mount(name: string, path: string, readOnly = false): string[] {
  return [
    `            - name: ${name}`,
    `              mountPath: ${text(path)}`,
    ...(readOnly ? ["              readOnly: true"] : []),
  ];
}

function scratch(name: string, size: string): string[] {
  return [`        - name: ${name}`, "          emptyDir:", `            sizeLimit: ${size}`];
}

function sharedMemory(size: string): string[] {
  return [
    "        # Data loaders hand batches over through it, and a pod has 64 MB where nothing is said. Counts as memory.",
    "        - name: shm",
    "          emptyDir:",
    "            medium: Memory",
    `            sizeLimit: ${size}`,
  ];
}

function claim(name: string, of: string, readOnly = false): string[] {
  return [
    `        - name: ${name}`,
    "          persistentVolumeClaim:",
    `            claimName: ${text(of)}`,
    ...(readOnly ? ["            readOnly: true"] : []),
  ];
}

/** A text as YAML has it: plain where that says the same, else in quotes. */
function text(value: string): string {
  return /^[A-Za-z./_][A-Za-z0-9./_-]*(?::[A-Za-z0-9._-]+)*$/.test(value) &&
    !/^(?:true|false|null|yes|no|on|off|y|n|~)$/i.test(value)
    ? value
    : JSON.stringify(value);
}
