import { readShell } from "../../dockerfile/read-shell.ts";
import { baseOf, imageStages, instructionsOf } from "../knowledge/bases.ts";
import { runsScript } from "../knowledge/commands.ts";
import { packageCommandsOf } from "../knowledge/installs.ts";
import { type WantedPackage, wantedPackages } from "../knowledge/python-packages.ts";
import { defineRule } from "../rule.ts";

const withWindows = /^opencv(?:-contrib)?-python$/;
/** Packages that ask for an OpenCV with windows. */
const bringsOpencv: Readonly<Record<string, string>> = {
  ultralytics: "opencv-python",
  mediapipe: "opencv-contrib-python",
};
/** Packages of the system that bring libGL.so.1, or so much of a desktop that it comes along. */
const bringsGl =
  /^(?:libgl1.*|libglx.*|libgl-.*|ffmpeg|python3-opencv|libopencv.*|libegl.*|libgtk.*|libglu.*|freeglut.*|mesa-.*|libqt.*|qt.*|xvfb|vlc|blender|xorg|.*desktop.*|firefox.*|chromium.*|google-chrome.*|libosmesa.*|libgles.*|imagemagick|libsm6-dev)$/;

export const opencvGuiWithoutLibgl = defineRule({
  kind: "dockerfile",
  name: "opencv-gui-without-libgl",
  group: "packages",
  severity: "warning",
  aliases: [],
  meaning: "pip installs an OpenCV with windows into an image without libGL.",
  why: "`import cv2` of `opencv-python` ends with `libGL.so.1: cannot open shared object file` on slim images. A service shows no windows: `opencv-python-headless` is the same library without them, 9 MB less as a wheel, and needs no package of the system. Otherwise install `libgl1` and `libglib2.0-0`.",
  examples: [
    {
      bad: "FROM python:3.12-slim\nRUN pip install --no-cache-dir opencv-python==4.10.0.84\n",
      good: "FROM python:3.12-slim\nRUN pip install --no-cache-dir opencv-python-headless==4.10.0.84\n",
      fixed: "FROM python:3.12-slim\nRUN pip install --no-cache-dir opencv-python-headless==4.10.0.84\n",
    },
    {
      bad: "FROM python:3.12-slim\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n",
      good: "FROM python:3.12-slim\nRUN apt-get update && apt-get install -y libgl1 libglib2.0-0\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n",
      files: { "requirements.txt": "opencv-python==4.10.0.84\n" },
    },
  ],
  check(file, report, context) {
    if (!/pip/.test(file.text)) return;
    for (const stage of imageStages(file)) {
      const base = baseOf(stage);
      if (base === undefined || base.os === undefined || !/^(?:debian|ubuntu)$/.test(base.os.family))
        continue;
      // The full images of languages have most libraries, and those with a framework anything.
      if (!base.lacks.has("curl") || base.frameworks.length > 0) continue;
      const instructions = instructionsOf(stage);
      const commands = packageCommandsOf(file, instructions);
      const unknown = instructions.some(
        (one) =>
          one.keyword === "RUN" &&
          readShell(file, one).some((script) =>
            script.commands.some(
              (command) =>
                runsScript({ command }) || /^(?:xargs|dpkg|conda|mamba|micromamba)$/.test(command.name),
            ),
          ),
      );
      if (unknown || commands.some((one) => one.manager === "pip" && one.action === "remove")) continue;
      const apt = commands.filter((one) => one.manager === "apt");
      if (apt.some((one) => one.packages.some(({ name, word }) => bringsGl.test(name) || !word.literal)))
        continue;
      if (apt.some((one) => one.files.length > 0)) continue;
      const pips = commands.filter((one) => /^(?:pip|uv-pip)$/.test(one.manager) && one.action === "install");
      const wanted = pips.flatMap((install) =>
        wantedPackages(file, install, context).map((one): [typeof install, WantedPackage] => [install, one]),
      );
      if (wanted.some(([, one]) => one.name.endsWith("-headless"))) continue;
      const found = wanted.find(
        ([, { name }]) => withWindows.test(name) || Object.hasOwn(bringsOpencv, name),
      );
      if (found === undefined) continue;
      const [install, { name, file: from, request }] = found;
      const word = request?.word;
      const where = from === undefined ? "" : ` (${from})`;
      const asks = withWindows.test(name)
        ? `${name}${where}`
        : `the ${bringsOpencv[name] ?? ""} that ${name}${where} asks for`;
      const plain =
        withWindows.test(name) && word !== undefined && word.end - word.start === word.raw.length
          ? word.raw.toLowerCase().replaceAll("_", "-").indexOf(name)
          : -1;
      report({
        at: word ?? install.command,
        message: `${asks} needs libGL.so.1, which this image does not have; opencv-python-headless does without`,
        ...(word !== undefined &&
          plain >= 0 && {
            fix: {
              title: "install the headless build",
              risk: "unsafe",
              edits: [
                {
                  start: word.start + plain + name.length,
                  end: word.start + plain + name.length,
                  text: "-headless",
                },
              ],
            },
          }),
      });
    }
  },
});
