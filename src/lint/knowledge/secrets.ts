/** Forms of keys that are given out by services; each is so particular that chance does not make it. */
const forms: readonly (readonly [what: string, form: RegExp])[] = [
  ["a Hugging Face token", /\bhf_[A-Za-z]{30,40}\b/],
  ["a GitHub token", /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59})\b/],
  ["a GitLab token", /\bglpat-[A-Za-z0-9_-]{20}\b/],
  ["an AWS access key", /\b(?:AKIA|ASIA)[A-Z2-7]{16}\b/],
  ["an OpenAI key", /\bsk-(?:proj-|svcacct-)?[A-Za-z0-9_-]{20,}T3BlbkFJ[A-Za-z0-9_-]{20,}/],
  ["an Anthropic key", /\bsk-ant-[a-z0-9]+-[A-Za-z0-9_-]{80,}/],
  ["a Slack token", /\bxox[abprs]-\d{8,}-[A-Za-z0-9-]{10,}/],
  ["a Google API key", /\bAIza[A-Za-z0-9_-]{35}\b/],
  ["an npm token", /\bnpm_[A-Za-z0-9]{36}\b/],
  ["a PyPI token", /\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}/],
  ["an NVIDIA NGC key", /\bnvapi-[A-Za-z0-9_-]{60,}/],
  ["a private key", /-----BEGIN (?:RSA |EC |OPENSSH |DSA )?PRIVATE KEY-----/],
];

/** The secrets in a text, and what they are; the documented examples of services and masks are none. */
export function findSecrets(text: string): { what: string; start: number; end: number }[] {
  return forms.flatMap(([what, form]) =>
    [...text.matchAll(new RegExp(form, "g"))]
      .filter((match) => !isExample(match[0]))
      .map((match) => ({ what, start: match.index, end: match.index + match[0].length })),
  );
}

function isExample(value: string): boolean {
  if (/EXAMPLE|example|x{5}|X{5}|your|YOUR|1234567890|abcdef/i.test(value)) return true;
  // What somebody typed to fill the place has few different characters.
  return new Set(value).size < 10;
}
