import { expect, test } from "vitest";
import { fixedBy, messagesOf } from "../testing/check.ts";
import { condaCacheKept } from "./conda-cache-kept.ts";

test.each([
  ["conda install -y numpy", 1],
  ['if [ -n "$(command -v conda)" ]; then conda install -y numpy; fi', 0],
])("%s", (script, count) => {
  expect(messagesOf(condaCacheKept, `FROM nvcr.io/nvidia/pytorch:23.10-py3\nRUN ${script}\n`)).toHaveLength(
    count,
  );
});

test.each([
  ["/opt/conda/bin/conda install -y numpy", "&& /opt/conda/bin/conda clean -afy"],
  ["sudo mamba install -y numpy", "&& sudo mamba clean -afy"],
  [". m/bin/activate && conda install -y numpy", "&& conda clean -afy"],
  ["m/bin/conda install -y numpy", "&& m/bin/conda clean -afy"],
  ["m/bin/conda install -y numpy && cd /opt", undefined],
  ["python -m conda install -y numpy", undefined],
])("%s is cleaned by the conda that it called", (script, clean) => {
  const text = `FROM debian:12\nRUN ${script}`;
  expect(fixedBy(condaCacheKept, `${text}\n`)).toBe(clean === undefined ? `${text}\n` : `${text} ${clean}\n`);
});
