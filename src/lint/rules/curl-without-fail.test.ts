import { expect, test } from "vitest";
import { fixText } from "../fix.ts";
import { checkWith, messagesOf } from "../testing/check.ts";
import { curlWithoutFail } from "./curl-without-fail.ts";

const url = "https://lab.example/a";

const check = (text: string) => checkWith(curlWithoutFail, text);

test.each([
  [`curl -sSL ${url} -o /a`, `curl -fsSL ${url} -o /a`],
  [`curl -LO ${url}`, `curl -fLO ${url}`],
  [`curl ${url} > /a && chmod +x /a`, `curl -f ${url} > /a && chmod +x /a`],
  [`curl --location ${url} | bash`, `curl -f --location ${url} | bash`],
  [`curl -o /a ${url} && curl -o /b ${url}`, `curl -fo /a ${url} && curl -fo /b ${url}`],
])("%s becomes %s", (before, after) => {
  const text = `FROM debian:12\nRUN ${before}\n`;
  expect(check(text).findings).toHaveLength(1);
  expect(fixText(text, check, false).text).toBe(`FROM debian:12\nRUN ${after}\n`);
});

test.each([
  `curl -fsSL ${url} -o /a`,
  `curl --fail -o /a ${url}`,
  `curl ${url}`,
  `curl -I ${url}`,
  `curl -s ${url} | grep tag`,
  `curl ${url}.tgz | tar xz`,
  `curl -LO ${url}.zip && unzip a.zip`,
  `curl -LO ${url}.deb && dpkg -i *.deb`,
  `curl -o /a.sh ${url} && bash /a.sh`,
  `curl -o /tmp/a ${url} && echo "0123 /tmp/a" | sha256sum -c`,
  `curl -o /dev/null ${url}`,
  `curl -o /a ${url} || echo none`,
  "curl -o /a $URL",
])("%s fails by itself, or is meant so", (script) => {
  expect(messagesOf(curlWithoutFail, `FROM debian:12\nRUN ${script}\n`)).toEqual([]);
});
