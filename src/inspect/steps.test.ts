import { array, assert, constantFrom, property, record, string } from "fast-check";
import { describe, expect, it } from "vitest";
import { plainStep, stepsOf } from "./steps.ts";

const step = (createdBy: string, emptyLayer = false) => ({ createdBy, emptyLayer });

describe("a step is told without its builder's decoration", () => {
  it.each([
    ["/bin/sh -c #(nop) ADD file:17ba in / ", "ADD file:17ba in /"],
    ['/bin/sh -c #(nop)  CMD ["bash"]', 'CMD ["bash"]'],
    ["/bin/sh -c apt-get update", "RUN apt-get update"],
    ["/bin/sh -c apt-get update FROM 34f6ab8baae2", "RUN apt-get update"],
    ["RUN /bin/sh -c apt-get update # buildkit", "RUN apt-get update"],
    ["RUN |2 A=1 B=two words /bin/sh -c pip install x # buildkit", "RUN pip install x"],
    ["|1 A=1 /bin/sh -c pip install x", "RUN pip install x"],
    ["RUN /bin/bash -o pipefail -c a | b # buildkit", "RUN a | b"],
    ["COPY app.py /app/ # buildkit", "COPY app.py /app/"],
    ["ENV A=1", "ENV A=1"],
    ["", ""],
  ])("%j", (createdBy, expected) => {
    expect(plainStep(createdBy)).toBe(expected);
  });

  it("in a moment, whatever it says", () => {
    const odd = [
      " ".repeat(1 << 20),
      "/bin/sh -".repeat(1 << 17),
      " # buildkit".repeat(1 << 17),
      "]".repeat(1 << 20),
    ];
    const start = performance.now();
    for (const text of odd) {
      const history = ["RUN ", "COPY "].map((keyword) => step(`${keyword}/bin/sh -c ${text}x`));
      stepsOf(history, 2, { file: "D", text: "FROM a\nRUN b\nCOPY c /d" });
    }
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

describe("layers have the steps of the history that made something", () => {
  it("one to one", () => {
    const history = [step("RUN a"), step("ENV x", true), step("RUN b")];
    expect(stepsOf(history, 2)).toEqual([{ text: "RUN a" }, { text: "RUN b" }]);
  });

  it("from the top where the history knows fewer, and more", () => {
    expect(stepsOf([step("RUN b")], 2)).toEqual([{ text: "" }, { text: "RUN b" }]);
    expect(stepsOf([step("RUN a"), step("RUN b")], 1)).toEqual([{ text: "RUN b" }]);
    expect(stepsOf([], 2)).toEqual([{ text: "" }, { text: "" }]);
  });
});

const dockerfile = {
  file: "Dockerfile",
  text: `FROM golang AS tools
RUN go build -o /tool

FROM debian AS base
RUN apt-get update && \\
    # what we need
    apt-get install -y python3
ENV A=1

FROM base
ARG VERSION=2
COPY --from=tools /tool /usr/bin/
COPY ["app.py", "/app/"]
WORKDIR /app
RUN --mount=type=cache,target=/root/.cache <<EOF
pip install torch
pip install numpy
EOF
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN echo \${VERSION} | cat
RUN ["python3", "-m", "compileall", "."]
CMD ["python3", "app.py"]
`,
};
const lines = (history: ReturnType<typeof step>[], layers: number) =>
  stepsOf(history, layers, dockerfile).map(({ line }) => line);

describe("the lines of the Dockerfile", () => {
  it("are found in BuildKit's history, above a base image's layers", () => {
    const history = [
      step("/bin/sh -c #(nop) ADD file:ab in / "),
      step("RUN /bin/sh -c apt-get update &&     apt-get install -y python3 # buildkit"),
      step("ENV A=1", true),
      step("ARG VERSION=2", true),
      step("COPY /tool /usr/bin/ # buildkit"),
      step("COPY app.py /app/ # buildkit"),
      step("WORKDIR /app"),
      step("RUN |1 VERSION=2 /bin/sh -c pip install torch\npip install numpy\n # buildkit"),
      step("SHELL [/bin/bash -o pipefail -c]", true),
      step("RUN |1 VERSION=2 /bin/bash -o pipefail -c echo ${VERSION} | cat # buildkit"),
      step("RUN |1 VERSION=2 python3 -m compileall . # buildkit"),
      step('CMD ["python3" "app.py"]', true),
    ];
    expect(lines(history, 8)).toEqual([undefined, 5, 12, 13, 14, 15, 20, 21]);
  });

  it("are found in the classic builder's and buildah's history", () => {
    const history = [
      step("/bin/sh -c #(nop) ADD file:ab in / "),
      step("/bin/sh -c apt-get update &&     apt-get install -y python3 FROM 0123456789ab"),
      step("/bin/sh -c #(nop) COPY multi:cd in /usr/bin/  FROM 0123456789ab"),
      step("/bin/sh -c #(nop) COPY file:ef in /app/ "),
      step("|1 VERSION=2 /bin/bash -o pipefail -c echo ${VERSION} | cat"),
    ];
    expect(lines(history, 5)).toEqual([undefined, 5, 12, 13, 20]);
  });

  it("of steps that were changed since are not told, those around them are", () => {
    const history = [
      step("RUN /bin/sh -c apt-get install -y python2 # buildkit"),
      step("COPY app.py /app/ # buildkit"),
      step("RUN /bin/sh -c something else # buildkit"),
      step("RUN python3 -m compileall . # buildkit"),
    ];
    expect(lines(history, 4)).toEqual([undefined, 13, undefined, 21]);
  });

  it("rise from layer to layer, whatever history and Dockerfile say", () => {
    const words = constantFrom(
      "RUN a",
      "RUN b",
      "COPY x /y",
      "ENV A=1",
      "WORKDIR /w",
      "FROM z",
      "RUN <<EOF\nx\nEOF",
    );
    const entry = record({ createdBy: words, emptyLayer: constantFrom(true, false) });
    const many = { maxLength: 12 };
    assert(
      property(array(entry, many), array(words, many), string(), (history, written, more) => {
        const text = `FROM a\n${written.join("\n")}\n${more}`;
        const found = stepsOf(history, history.length, { file: "D", text }).flatMap(({ line }) => line ?? []);
        expect(found).toEqual([...new Set(found)].sort((one, other) => one - other));
      }),
    );
  });
});
