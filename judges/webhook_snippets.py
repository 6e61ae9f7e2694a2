"""What docs/guides/webhooks.md shows in Python and TypeScript is run as it is printed, on messages as they are sent."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile

from served import Receiver, Served
from verdict import Verdict, equal

GUIDE = pathlib.Path("docs/guides/webhooks.md")
verdict = Verdict()


def printed(language):
    """The one block of this language."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    equal(len(blocks), 1)
    return blocks[0]


def without_types(source):
    """TypeScript as JavaScript, for a Node that does not do that itself: parameters lose their types."""
    return re.sub(r"(\w+): (?:string|Record<string, string>)", r"\1", source)


RUN_ALL = """
import { readFileSync } from "node:fs";
import { readWebhook } from "./snippet.mjs";
const cases = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(([secret, headers, body]) => readWebhook(secret, headers, body))));
"""


def by_node(cases):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "snippet.mjs").write_text(without_types(printed("typescript")))
        (folder / "run.mjs").write_text(RUN_ALL)
        ran = subprocess.run(
            ["node", folder / "run.mjs"], input=json.dumps(cases), text=True, check=True, stdout=subprocess.PIPE
        )
        return json.loads(ran.stdout)


def by_python(cases):
    names = {}
    exec(compile(printed("python"), str(GUIDE), "exec"), names)
    return [names["read_webhook"](secret, headers, body.encode()) for secret, headers, body in cases]


served, receiver = Served(), Receiver()
try:
    secret = served.endpoint(receiver, ["wallet.debited"])["secret"]
    served.meter()
    headers, body = receiver.wait_for(1)[0]
    body = body.decode()
    good = [(secret, headers, body)]
    two = f"v1,{'A' * 43}= {headers['webhook-signature']}"
    good.append((secret, {**headers, "webhook-signature": two}, body))
    bad = [
        (secret, headers, body + " "),
        (secret, {**headers, "webhook-id": "msg_other"}, body),
        (secret, {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) - 301)}, body),
        (secret, {**headers, "webhook-signature": ""}, body),
        (secret[:-2] + "A=", headers, body),
        (secret, {}, body),
    ]
    expected = [json.loads(body)] * len(good) + [None] * len(bad)
    with verdict("the guide's Python takes what is sent, and nothing that was changed"):
        equal(by_python(good + bad), expected)
    if shutil.which("node"):
        with verdict("the guide's TypeScript takes what is sent, and nothing that was changed"):
            equal(by_node(good + bad), expected)
    else:
        print("skipped: there is no node here to run the guide's TypeScript")
finally:
    served.end()
verdict.end()
