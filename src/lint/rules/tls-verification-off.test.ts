import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { tlsVerificationOff } from "./tls-verification-off.ts";

test.each([
  "RUN curl -fsSLk https://a.example",
  "RUN curl --insecure https://a.example",
  "RUN wget --no-check-certificate https://a.example",
  "RUN pip install --trusted-host pypi.org x",
  "RUN pip config set global.trusted-host pypi.org",
  "RUN uv pip install --allow-insecure-host a.example x",
  "RUN npm config set strict-ssl false",
  "RUN git -c http.sslVerify=false clone https://a.example/x",
  "RUN git config --global http.sslVerify false",
  "RUN conda config --set ssl_verify no",
  "RUN yum install -y --setopt=sslverify=0 x",
  "RUN PYTHONHTTPSVERIFY=0 python x.py",
  "RUN export NODE_TLS_REJECT_UNAUTHORIZED=0 && npm ci",
  "ENV GIT_SSL_NO_VERIFY=1",
])("finds %s", (line) => {
  expect(messagesOf(tlsVerificationOff, `FROM debian:12\n${line}\n`)).toHaveLength(1);
});

test.each([
  "RUN curl -o k https://a.example",
  "RUN curl -fsSL -H 'x: -k' https://a.example",
  "RUN wget https://a.example",
  "RUN git config --global http.sslVerify true",
  "RUN conda config --set ssl_verify /etc/ca.pem",
  "ENV GIT_SSL_NO_VERIFY=0",
  "RUN export PIP_TRUSTED_HOST=pypi.lab.example",
  "ENV PYTHONHTTPSVERIFY=1",
])("leaves %s alone", (line) => {
  expect(messagesOf(tlsVerificationOff, `FROM debian:12\n${line}\n`)).toEqual([]);
});
