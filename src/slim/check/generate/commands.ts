import type { WrittenChecklist } from "../checklist.ts";
import type { CheckedImage } from "../image.ts";
import { onPath } from "./find-programs.ts";
import type { PythonPlace } from "./python.ts";
import type { RPlace } from "./r.ts";

type WrittenCommand = NonNullable<WrittenChecklist["commandTests"]>[number];

/** Programs that a person would try first, and what makes them say who they are. */
const programs: readonly [name: string, ...args: string[]][] = [
  ["python3", "--version"],
  ["python", "--version"],
  ["pip", "--version"],
  ["conda", "--version"],
  ["mamba", "--version"],
  ["uv", "--version"],
  ["R", "--version"],
  ["julia", "--version"],
  ["node", "--version"],
  ["npm", "--version"],
  ["java", "-version"],
  ["quarto", "--version"],
  ["pandoc", "--version"],
  ["git", "--version"],
  ["gcc", "--version"],
  ["nvcc", "--version"],
  ["cmake", "--version"],
  ["ffmpeg", "-version"],
  ["curl", "--version"],
];

/** Small jobs that use the heavy parts of a package, and the one answer that is right. */
const pythonJobs: readonly { module: string; code: string; answer: string }[] = [
  {
    module: "numpy",
    code: "import numpy as n; a = n.arange(9.0).reshape(3, 3) + n.eye(3); print(round(float(n.linalg.det(a @ a)), 6))",
    answer: "^25\\.0\\s*$",
  },
  {
    module: "torch",
    code: "import torch as t; a = t.arange(9.0).reshape(3, 3) + t.eye(3); a.requires_grad_(); s = (a @ a).relu().sum(); s.backward(); print(s.item(), a.grad.sum().item())",
    answer: "^561\\.0 234\\.0\\s*$",
  },
  {
    module: "pandas",
    code: "import pandas as p; print(p.DataFrame({'a': [1, 1, 2], 'b': [1, 2, 3]}).groupby('a').b.sum().tolist())",
    answer: "^\\[3, 3\\]\\s*$",
  },
  {
    module: "sklearn",
    code: "from sklearn.linear_model import LinearRegression as L; print(round(float(L().fit([[0], [1], [2]], [1, 3, 5]).predict([[3]])[0]), 6))",
    answer: "^7\\.0\\s*$",
  },
];

/** Commands that tell whether an image's programs work, with the answers that are right whatever the version. */
export function commandTests(
  image: CheckedImage,
  pythons: readonly PythonPlace[],
  rs: readonly RPlace[],
): WrittenCommand[] {
  const starts = programs.flatMap(([name, ...args]): WrittenCommand[] => {
    const command = onPath(image, name);
    return command === undefined ? [] : [{ name: `${name} starts`, command, args }];
  });
  const jobs = pythons.flatMap(({ interpreter, modules }) =>
    pythonJobs
      .filter(({ module }) => modules.includes(module))
      .map(
        ({ module, code, answer }): WrittenCommand => ({
          name: `a small job with ${module} (${interpreter})`,
          command: interpreter,
          args: ["-c", code],
          expectedOutput: [answer],
        }),
      ),
  );
  const models = rs.map(
    ({ interpreter }): WrittenCommand => ({
      name: `a linear model (${interpreter})`,
      command: interpreter,
      args: ["-e", "cat(round(coef(lm(dist ~ speed, cars)), 3))"],
      expectedOutput: ["^-17\\.579 3\\.932\\s*$"],
    }),
  );
  return [...starts, ...jobs, ...models];
}
