import type { Answers, OutputFile } from "../answers.ts";

/** A .dockerignore of what no build needs. Patterns count from the root unless they begin with two stars. */
export function ignore(answers: Answers): readonly OutputFile[] {
  const { manager, weightFolder, dataFolders, weights } = answers;
  const isPython = manager !== "r";
  const baked = weights === "bake" ? weightFolder : undefined;
  const groups: [string, string[]][] = [
    ["Version control and editors", [".git", ".github", ".vscode", ".idea", "**/.DS_Store"]],
    [
      "Containers: a change of these files must not change the image",
      ["Dockerfile*", ".dockerignore", "compose*.yaml", "k8s", ".devcontainer", "ddiff.yaml"],
    ],
    ["Secrets", ["**/.env", "**/.env.*", "**/*.pem", "**/.netrc"]],
    [
      isPython ? "Environments and caches, of other systems" : "Environments and caches",
      isPython
        ? [
            "**/.venv",
            "**/venv",
            ...(manager === "pixi" ? ["**/.pixi"] : []),
            "**/__pycache__",
            "**/*.py[cod]",
            "**/*.egg-info",
            "**/.pytest_cache",
            "**/.mypy_cache",
            "**/.ruff_cache",
            "**/.ipynb_checkpoints",
            "build",
            "dist",
          ]
        : ["**/.Rproj.user", "**/.Rhistory", "**/.RData", "renv/library"],
    ],
    [
      "Results of runs",
      ["outputs", "checkpoints", "**/wandb", "**/mlruns", "**/lightning_logs", "**/tensorboard"],
    ],
    ["Data: mounted", [...new Set(["data", ...dataFolders])]],
    [
      baked === undefined ? "Weights: a volume has them" : `Weights: ${baked} alone is part of the image`,
      [
        ...(weightFolder === undefined || baked !== undefined ? [] : [weightFolder]),
        ...["pt", "pth", "ckpt", "safetensors", "onnx", "engine", "plan", "gguf"].map(
          (kind) => `**/*.${kind}`,
        ),
        ...(baked === undefined ? [] : [`!${baked}/**`]),
      ],
    ],
  ];
  const text = groups
    .map(([title, patterns]) => [title, patterns.filter((pattern) => !isSource(answers, pattern))] as const)
    .filter(([, patterns]) => patterns.length > 0)
    .map(([title, patterns]) => `# ${title}\n${patterns.join("\n")}\n`)
    .join("\n");
  return [{ path: ".dockerignore", text }];
}

/** Whether a pattern would leave out what the program is: a package may be called `build` or `k8s`. */
function isSource({ sources, workspace = [] }: Answers, pattern: string): boolean {
  return [...sources, ...workspace].some((path) => path === pattern || path.startsWith(`${pattern}/`));
}
