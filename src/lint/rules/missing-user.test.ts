import { expect, test } from "vitest";
import { messagesOf } from "../testing/check.ts";
import { missingUser } from "./missing-user.ts";

const serves = 'CMD ["python", "a.py"]\n';

test.each(["COPY a.py $HOME/a.py", "WORKDIR ${HOME}/app"])(
  "%s needs a base with a user of its own",
  (line) => {
    expect(messagesOf(missingUser, `FROM lab/base:1\n${line}\n${serves}`)).toEqual([]);
  },
);

test.each(["ENV HOME=/root\nCOPY a.py $HOME/a.py", "RUN mkdir $HOME/app", "COPY a.py $HOMEPAGE/a.py"])(
  "%s says nothing of the base",
  (lines) => {
    expect(messagesOf(missingUser, `FROM lab/base:1\n${lines}\n${serves}`)).toHaveLength(1);
  },
);
