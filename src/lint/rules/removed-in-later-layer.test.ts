import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { removedInLaterLayer } from "./removed-in-later-layer.ts";

test.each([
  "WORKDIR /src\nRUN git clone https://lab.example/m.git\nRUN make -C m && rm -rf m",
  "RUN git clone https://lab.example/m.git /opt/m\nRUN rm -rf /opt/m",
  "COPY big.whl /tmp/\nRUN pip install /tmp/big.whl && rm -rf /tmp/*",
  "RUN curl -o /tmp/miniconda.sh https://lab.example/m.sh\nRUN bash /tmp/miniconda.sh && rm /tmp/miniconda.sh",
  "RUN apt-get update && apt-get install -y git\nRUN rm -rf /var/lib/apt/lists/*",
])("%j hides what stays", (body) => {
  expect(messagesOf(removedInLaterLayer, `FROM debian:12\n${body}\n`)).toHaveLength(1);
});

test.each([
  "RUN git clone https://lab.example/m.git /opt/m && make -C /opt/m && rm -rf /opt/m",
  "RUN git clone https://lab.example/m.git /opt/m\nRUN rm -rf /opt/other",
  "COPY setup.sh /tmp/\nRUN sh /tmp/setup.sh && rm /tmp/setup.sh",
  "RUN --mount=type=bind,source=big.whl,target=/tmp/big.whl pip install /tmp/big.whl",
  "RUN apt-get update && apt-get install -y git && rm -rf /var/lib/apt/lists/*\nRUN rm -rf /var/lib/apt/lists/*",
  "RUN apt-get update && apt-get install -y git\nRUN apt-get update && rm -rf /var/lib/apt/lists/*",
  "RUN --mount=type=cache,target=/src git clone https://lab.example/m.git /src/m\nRUN rm -rf /src/m",
  "RUN mkdir /tmp/b && cd /tmp/b && curl -O https://lab.example/b.tar.gz && tar xf b.tar.gz && rm -rf /tmp/b\nRUN rm -rf /tmp/*",
  "RUN rm -rf $WHERE /opt/m*",
  "RUN --mount=type=cache,target=/var/lib/apt apt-get update\nRUN rm -rf /var/lib/apt/lists/*",
  "COPY big.whl /tmp/\nRUN --mount=type=tmpfs,target=/tmp rm -rf /tmp/*",
])("%j hides nothing", (body) => {
  expect(messagesOf(removedInLaterLayer, `FROM debian:12\n${body}\n`)).toEqual([]);
});

test("a stage that only lends files may delete what it likes", () => {
  const body = "RUN git clone https://lab.example/m.git /m\nRUN rm -rf /m/.git /m";
  expect(
    messagesOf(removedInLaterLayer, `FROM debian:12 AS a\n${body}\nFROM debian:12\nCOPY --from=a /m /m\n`),
  ).toEqual([]);
  expect(messagesOf(removedInLaterLayer, `FROM debian:12 AS a\n${body}\nFROM a\n`)).toHaveLength(1);
});
