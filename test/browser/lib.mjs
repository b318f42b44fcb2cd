// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// What the browser tests share: a browser, people, and a look at each page.

import { mkdirSync } from 'node:fs';
import assert from 'node:assert/strict';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';

export const portal = process.env.PORTAL_URL;
const control = process.env.CONTROL_URL;
const screens = new URL('screens/', import.meta.url).pathname;

export const sizes = { phone: { width: 360, height: 740 }, desktop: { width: 1280, height: 900 } };

export async function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
}

// visitor is a browser of its own, without JavaScript unless a test needs it to look inside a page.
export async function visitor(browser, { language = 'ja', size = 'desktop', javaScript = false, dark = false } = {}) {
  const context = await browser.newContext({
    baseURL: portal, locale: language, viewport: sizes[size], javaScriptEnabled: javaScript, colorScheme: dark ? 'dark' : 'light',
  });
  context.setDefaultTimeout(15_000);
  return context.newPage();
}

async function ask(method, path, query) {
  const answer = await fetch(`${control}${path}?${new URLSearchParams(query)}`, { method });
  assert.equal(answer.status, 200, `${path}: ${answer.status}`);
  return answer.json();
}

export const person = (state) => ask('POST', '/person', { state });
export const notice = async (to, locale, title, body) => (await ask('POST', '/notice', { to: to.id, locale, title, body })).id;
// line lets somebody do something in LINE: kind is message, follow or unfollow.
export const line = async (from, kind, text = '') => (await ask('POST', '/line', { from: from.id, kind, text })).status;
export const mail = (to, n = 1) => ask('GET', '/mail', { to, n });
export const unsubscribeToken = async (id, purpose) => (await ask('GET', '/unsubscribe', { id, purpose })).token;
export const surveyPath = async (id, anonymity = '') => (await ask('GET', '/survey', { id, anonymity })).path;
export const stateOf = async (id) => (await ask('GET', '/state', { id })).state;

// signIn signs a member in by the mailed link.
export async function signIn(page, who, language = 'ja', nth = 1) {
  await page.goto(`/sign-in?lang=${language}`);
  await page.fill('#address', who.address);
  await page.click('main button');
  const { token } = await mail(who.address, nth);
  await page.goto(`/sign-in/${token}`);
  await page.click('main button');
}

// organise fills the form of an event in and publishes it; facts replace what the form says by their field.
export async function organise(page, facts = {}) {
  const day = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
  await page.goto('/events/new');
  const fields = {
    EventTitle: '鍋を囲む会', StartsAt: `${day}T19:00`, EndsAt: `${day}T21:00`, EventPlace: '京都市中京区 星野亭', OnlineLink: 'https://meet.example/nabe',
    EventDescription: '一人でもどうぞ。\n\nお待ちしています。', Capacity: '1', ...facts,
  };
  await page.selectOption('#EventForm', 'Both');
  for (const [id, text] of Object.entries(fields)) await page.fill(`#${id}`, text);
  if (await page.locator('#ShowName').count()) await page.check('#ShowName');
  await page.click('button[value=publish]');
  return new URL(page.url()).pathname;
}

// shoot keeps a picture of the whole page, to be looked at, when SCREENS is set.
export async function shoot(page, name) {
  if (!process.env.SCREENS) return;
  mkdirSync(screens, { recursive: true });
  await page.screenshot({ path: `${screens}${name}.png`, fullPage: true });
}

// fits fails when something of the page is wider than the window.
export async function fits(page, what) {
  const { scroll, width } = await page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, width: window.innerWidth }));
  assert.ok(scroll <= width, `${what}: ${scroll} px wide in a window of ${width} px`);
}

// accessible fails on every violation that axe finds, of WCAG 2.2 AA and of good practice.
export async function accessible(page, what) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`), [], what);
}
