import { packageCommandsOf } from "../knowledge/installs.ts";
import { defineRule } from "../rule.ts";

export const nvidiaDriverInImage = defineRule({
  kind: "dockerfile",
  name: "nvidia-driver-in-image",
  group: "cuda",
  severity: "warning",
  aliases: [],
  meaning: "The NVIDIA driver, or the container toolkit, is installed in an image.",
  why: "The driver belongs to the host: the container toolkit puts its libraries and `nvidia-smi` into each container. One in the image is several hundred megabytes, and where its version is not exactly the host's kernel module's, `nvidia-smi` says \"Driver/library version mismatch\". The packages `cuda` and `cuda-12-8` bring the driver as well; `cuda-toolkit-12-8` has the toolkit alone.",
  examples: [
    {
      bad: "FROM ubuntu:24.04\nRUN apt-get update && apt-get install -y nvidia-driver-550\n",
      good: "FROM ubuntu:24.04\nRUN apt-get update && apt-get install -y cuda-toolkit-12-8\n",
    },
    {
      bad: "FROM ubuntu:24.04\nRUN apt-get update && apt-get install -y cuda-12-8\n",
      good: "FROM ubuntu:24.04\nRUN apt-get update && apt-get install -y cuda-toolkit-12-8\n",
      fixed: "FROM ubuntu:24.04\nRUN apt-get update && apt-get install -y cuda-toolkit-12-8\n",
    },
  ],
  check(file, report) {
    for (const { manager, action, packages } of packageCommandsOf(file, file.instructions)) {
      if (action !== "install" || (manager !== "apt" && manager !== "dnf" && manager !== "yum")) continue;
      for (const { name, word, version } of packages) {
        const meta = /^cuda(?:-(\d+-\d+))?$/.exec(name);
        if (meta !== null) {
          const toolkit = meta[1] === undefined ? "cuda-toolkit" : `cuda-toolkit-${meta[1]}`;
          const plain = word.raw === name && version === "";
          report({
            at: word,
            message: `the package ${name} brings the driver too, which belongs to the host; ${toolkit} does not`,
            ...(plain && {
              fix: {
                title: `take ${toolkit}`,
                risk: "unsafe",
                edits: [{ start: word.start, end: word.end, text: toolkit }],
              },
            }),
          });
        } else if (driver.test(name)) {
          report({ at: word, message: `${name} belongs on the host, not in an image` });
        }
      }
    }
  },
});

const driver =
  /^(?:nvidia-driver(?:-.*)?|nvidia-utils-\d+.*|nvidia-kernel-.*|nvidia-dkms-.*|nvidia-headless-.*|nvidia-compute-utils-\d+|cuda-drivers.*|libnvidia-compute-\d+.*|nvidia-container-(?:toolkit|runtime)|nvidia-docker2|nvidia-modprobe)$/;
