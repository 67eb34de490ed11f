import type { Answers, OutputFile } from "../answers.ts";
import { appFolder } from "../image-layout.ts";
import { environmentFolder } from "./dockerfile-managers.ts";

/**
 * `.devcontainer/devcontainer.json`: the Dockerfile's stage dev. A GPU is asked for as optional, so that the same file opens on machines with
 * one and without.
 */
export function devcontainer(answers: Answers): readonly OutputFile[] {
  const { manager, jupyter } = answers;
  const isPython = manager !== "r";
  const extensions = [
    ...(isPython ? ["ms-python.python", "charliermarsh.ruff"] : ["REditorSupport.r"]),
    ...(jupyter === undefined ? [] : ["ms-toolsai.jupyter"]),
    "ms-azuretools.vscode-docker",
  ];
  const environment = environmentFolder(answers);
  const venv = environment !== undefined && manager !== "pixi" ? environment : undefined;
  const settings = {
    name: answers.name,
    build: { dockerfile: "../Dockerfile", context: "..", target: "dev" },
    ...(answers.cuda === undefined ? {} : { hostRequirements: { gpu: "optional" } }),
    // The project's own files instead of the copies in the image.
    workspaceFolder: appFolder,
    workspaceMount: `source=\${localWorkspaceFolder},target=${appFolder},type=bind`,
    // Else the mounted project would hide the environment of the image.
    ...(environment === undefined ? {} : { mounts: [`type=volume,target=${environment}`] }),
    remoteUser: "app",
    // On Linux the user gets the number of whoever opens it, so that files in the project stay theirs.
    updateRemoteUserUID: true,
    init: true,
    // Data loaders hand batches over through /dev/shm, of which a container has 64 MB where nothing is said.
    runArgs: ["--shm-size=8g"],
    ...(answers.port === undefined ? {} : { forwardPorts: [answers.port] }),
    customizations: {
      vscode: {
        ...(venv === undefined
          ? {}
          : { settings: { "python.defaultInterpreterPath": `${venv}/bin/python` } }),
        extensions,
      },
    },
  };
  return [{ path: ".devcontainer/devcontainer.json", text: `${JSON.stringify(settings, null, 2)}\n` }];
}
