import { chromium } from "playwright-core";
const b = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox","--disable-gpu"] });
const [,, url, ...names] = process.argv;
for (const spec of names) {
  const [name, width, scheme] = spec.split(":");
  const p = await b.newPage({ viewport: { width: +width, height: +width > 600 ? 1000 : 900 }, colorScheme: scheme });
  await p.goto(url + "#" + name);
  await p.waitForTimeout(200);
  await p.screenshot({ path: `/tmp/oa/s-${name}-${width}-${scheme}.png` });
  await p.close();
}
await b.close();
