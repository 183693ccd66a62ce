// The console as its users see it: clicked through in Chromium, every page looked at by axe-core, no script or style
// that the content policy refuses. Started by `host/tests/program/browser.rs`; what it needs is in the environment.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { CHROMIUM, SITE, CONTROL, START_CODE, PASSWORD, KASPI_TOKEN, CLIENT_ID, CLIENT_SECRET } = process.env;
const SCREENSHOTS = process.env.KASPI_AMOCRM_TEST_SCREENSHOTS;
const require = createRequire(join(process.env.KASPI_AMOCRM_TEST_NODE_MODULES, 'index.js'));
const { chromium } = require('playwright-core');
const axe = await readFile(require.resolve('axe-core/axe.min.js'), 'utf8');

const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'ru-KZ', reducedMotion: 'reduce' });
const refused = [];
await context.exposeBinding('policyRefused', (_, what) => refused.push(what));
await context.addInitScript(() => {
  addEventListener('securitypolicyviolation', (event) => {
    globalThis.policyRefused(`${event.violatedDirective} on ${location.pathname}: ${event.blockedURI}`);
  });
});
const page = await context.newPage();
page.setDefaultTimeout(20_000);
page.on('pageerror', (error) => refused.push(`an error in the script: ${error}`));
page.on('response', (response) => {
  if (response.status() >= 500) refused.push(`${response.status()} of ${new URL(response.url()).pathname}`);
});

async function control(method, path) {
  const answer = await fetch(CONTROL + path, { method });
  assert.ok(answer.ok, path);
  return answer.text();
}

/// Waits for something that surely happens.
async function eventually(look) {
  for (let tries = 0; tries < 240; tries++) {
    const seen = await look();
    if (seen) return seen;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  assert.fail(`it does not happen: ${look}`);
}

/// Runs a job as a crontab would; the schedule may have the connection for a moment.
async function job(task) {
  return eventually(async () => {
    const answer = await fetch(`${SITE}/cron?task=${task}`, { headers: { authorization: `Bearer ${START_CODE}` } });
    assert.ok([200, 202].includes(answer.status), await answer.clone().text());
    return answer.status === 200 && answer.json();
  });
}

/// Looks at the page: is it usable by everybody, and how does it look?
async function look(name) {
  await page.evaluate(axe);
  for (const [suffix, width, colorScheme] of [['', 1280, 'light'], ['-dark', 1280, 'dark'], ['-phone', 390, 'light']]) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    const found = await page.evaluate(() => globalThis.axe.run({ resultTypes: ['violations'] }));
    const serious = found.violations.filter((one) => ['serious', 'critical'].includes(one.impact));
    const told = serious.map((one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html).join(' ')}`);
    assert.deepEqual(told, [], `${name}${suffix} (${page.url()})`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(wide <= width, `${name}${suffix} is ${wide} pixels wide`);
    await page.screenshot({ path: join(SCREENSHOTS, `${name}${suffix}.png`), fullPage: true });
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.emulateMedia({ colorScheme: 'light' });
}

/// Presses a button or a link and waits for the page behind it.
async function press(locator) {
  await Promise.all([page.waitForNavigation(), locator.click()]);
}

/// Sends the form that has this field.
async function send(field, values = {}) {
  const form = page.locator(`main form:has([name="${field}"])`).first();
  for (const [name, value] of Object.entries(values)) await form.locator(`[name="${name}"]`).fill(value);
  await press(form.locator('button[type="submit"]'));
}

const at = (path) => assert.equal(new URL(page.url()).pathname, path);
const open = (path) => page.goto(SITE + path);

// The first start: whoever has the code chooses the password.
await open('/');
at('/welcome');
await look('01-welcome');
await send('code', { code: START_CODE, password: PASSWORD, again: PASSWORD });
at('/');
await look('02-nothing-set-up');

// The setup, with an integration of the merchant's own, connected in amoCRM.
await open('/setup');
at('/setup/kaspi');
await look('03-setup-kaspi');
await send('token', { token: 'not-the-token' });
assert.equal(await page.locator('main [role="alert"]').count(), 1, 'a wrong token is told at once');
await look('04-setup-kaspi-refused');
await send('token', { token: KASPI_TOKEN });
await press(page.locator('main a[href$="/setup/account"]'));
await press(page.locator('main form button[type="submit"]'));
at('/setup/access');
await look('05-setup-access');
await send('client_id', { redirect_uri: `${SITE}/oauth/callback`, client_id: CLIENT_ID, client_secret: CLIENT_SECRET });
await press(page.locator('main a[href*="/oauth/start"]'));
await press(page.getByRole('link', { name: 'Разрешить' }));
at('/oauth/callback');
await look('06-connected');
await press(page.locator('main a').first());
at('/setup/access');
const check = page.locator('main form:has(input[name="way"][value="check"]) button');
await press(check);
at('/setup/pipeline');
await look('07-setup-pipeline');
for (const [step, next] of [['pipeline', 'choices'], ['choices', 'stages'], ['stages', 'rehearsal']]) {
  at(`/setup/${step}`);
  await look(`08-setup-${step}`);
  await press(page.locator('main form button[type="submit"]').first());
  at(`/setup/${next}`);
}
await press(page.locator('main form button[type="submit"]').first());
await look('09-setup-rehearsal');
assert.equal(await control('GET', '/leads'), '1', 'nothing but what was there before');
await press(page.locator('main form[action$="/setup/finish"] button'));
at('/');

// Orders become leads; one that arrives later shows up by itself.
await eventually(async () => Number(await control('GET', '/leads')) > 30);
const first = await job('new');
assert.equal(first.problems.filter((one) => one.class !== 'hint').length, 0, JSON.stringify(first.problems));
await open('/');
await look('10-overview');
const code = await control('POST', '/order');
await open('/orders');
assert.equal(await page.getByText(code).count(), 0);
await job('new');
await page.getByText(code).first().waitFor();
await look('11-orders');
await page.locator('main input[name="code"]').fill(code);
await press(page.locator('main form[role="search"] button'));
await look('12-order');
assert.ok((await page.content()).includes(code));

// A problem, told in words and tried again.
await control('POST', '/refuse-notes');
const stuck = await control('POST', '/order');
assert.equal((await job('new')).parked, 1);
await open('/problems');
assert.ok(await page.getByText(stuck).count() > 0);
await look('13-problems');
await press(page.locator('main form[action*="/problems/retry"] button').first());
await page.locator('main [data-state="good"]').first().waitFor();
await look('14-no-problems');

for (const [path, name] of [
  ['/statement', '15-statement'],
  ['/runs', '16-runs'],
  ['/settings', '17-settings'],
  ['/settings/mapping', '18-mapping'],
  ['/account', '19-account'],
]) {
  const answer = await open(path);
  assert.equal(answer.status(), 200, path);
  await look(name);
}

// Each language, and back.
for (const language of ['kk', 'en', 'ru']) {
  await open('/');
  await page.locator('select[name="language"]').selectOption(language);
  await press(page.locator('form[action$="/preferences"] button'));
  assert.equal(await page.locator('html').getAttribute('lang'), language);
  await look(`20-overview-${language}`);
}

// Out, and nothing is left open.
await press(page.locator('form[action$="/sign-out"] button'));
await open('/orders');
at('/sign-in');
await look('21-sign-in');
await send('password', { password: 'not the password' });
assert.equal(await page.locator('main [role="alert"]').count(), 1);
await send('password', { password: PASSWORD });
at('/orders');

assert.deepEqual(refused, [], 'nothing was refused by the policy, failed in a script, or on the server');
await browser.close();
