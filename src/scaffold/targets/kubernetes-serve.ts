import type { Answers } from "../answers.ts";
import { tokenPath } from "../image-layout.ts";
import { startPeriod } from "./dockerfile-final-stages.ts";
import { enginesBy, usesHub } from "./dockerfile-plan.ts";
import { containerSecurity, podSecurity, resources } from "./kubernetes-pod.ts";
import { nameOf, placeholder, text } from "./kubernetes-text.ts";
import { mounts, servingVolumes, sources } from "./kubernetes-volumes.ts";

/** The service's pods. */
export function deployment(answers: Answers, port: number): string[] {
  const name = nameOf(answers, "serve");
  const probe = probeOf(answers);
  const volumes = servingVolumes(answers);
  const start = Math.max(600, Number.parseInt(startPeriod(answers, "gpu"), 10));
  return [
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
    "      maxSurge: 1",
    "      maxUnavailable: 0",
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
    ...variables(answers),
    ...containerSecurity(),
    "          # Loading weights takes its time: only after this the other two count.",
    "          startupProbe:",
    ...probe,
    "            periodSeconds: 10",
    `            failureThreshold: ${start / 10}`,
    "          readinessProbe:",
    ...probe,
    "            periodSeconds: 10",
    "            timeoutSeconds: 5",
    "          livenessProbe:",
    ...probe,
    "            periodSeconds: 30",
    "            timeoutSeconds: 10",
    "            failureThreshold: 3",
    ...(usesHub(answers) ? resources("4", "16Gi", "32Gi") : resources("1", "2Gi", "8Gi")),
    ...mounts(volumes),
    ...sources(volumes),
  ];
}

/** The address of the pods in the cluster. */
export function service(answers: Answers): string[] {
  const name = nameOf(answers, "serve");
  return [
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

/** How many pods there are. */
export function autoscaler(answers: Answers): string[] {
  const name = nameOf(answers, "serve");
  return [
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

function probeOf({ health }: Answers): string[] {
  return health === undefined
    ? ["            tcpSocket:", "              port: http"]
    : ["            httpGet:", `              path: ${text(health)}`, "              port: http"];
}

/** What the image's scripts go by. */
function variables(answers: Answers): string[] {
  const lines = [
    ...(answers.weights === "download"
      ? [
          "            # Addresses with blanks between, each with #sha256=... behind it; or a repository of the Hugging Face Hub.",
          ...variable("WEIGHTS_URL", ""),
          ...variable("HF_MODEL", ""),
        ]
      : []),
    ...(usesHub(answers) ? variable("HF_TOKEN_PATH", tokenPath) : []),
    ...(enginesBy(answers) === "script"
      ? [
          "            # An ONNX file, below the weights: the first pod builds the engine of it.",
          ...variable("ENGINE_SOURCE", ""),
        ]
      : []),
  ];
  return lines.length === 0 ? [] : ["          env:", ...lines];
}

function variable(name: string, value: string): string[] {
  return [`            - name: ${name}`, `              value: ${value === "" ? '""' : text(value)}`];
}
