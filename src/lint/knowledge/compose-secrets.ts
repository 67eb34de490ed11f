const secret =
  /(?:^|_)(?:api_?key|access_?key|secret(?:_key)?|private_?key|token|password|passwd|passphrase|credentials?)$/i;
const harmless = /public|(?:^|_)(?:file|path)(?:_|$)|max_|num_|_per_/i;
/** What people write where they mean to write something else, and what is a choice rather than a secret. */
const placeholder =
  /^(?:|true|false|yes|no|none|null|dummy|empty|unused|not[-_ ]?needed|change[-_ ]?me.*|your[-_ ].*|<.*>|x{3,}.*|\*+|\.\.\.|\d{1,3}|\/.*|EMPTY|sk-no-key.*|todo|example)$/i;

/** Whether a variable holds a secret that is written out: not a variable, not a placeholder, not the path of a file. */
export function isWrittenSecret(name: string, value: string | undefined): boolean {
  if (value === undefined || value.includes("$")) return false;
  const plain = value.replaceAll(/^["']|["']$/g, "");
  // Words without a digit are what examples and local databases have.
  const isWord = plain.length < 8 || !/\d/.test(plain);
  return secret.test(name) && !harmless.test(name) && !isWord && !placeholder.test(plain);
}
