// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// The office's pages, in both languages, on a telephone and on a desktop, in the light and in the dark.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { accessible, fits, launch, mail, shoot, sizes, visitor } from './lib.mjs';

const address = 'hr@hoshino-foods.example';
let browser;
let links = 0; // five an hour are all that one person gets
before(async () => { browser = await launch(); });
after(async () => { await browser.close(); });

async function look(page, name, language, size) {
  assert.equal(await page.getAttribute('html', 'lang'), language);
  assert.equal(await page.locator('h1').count(), 1, `${name} has one heading`);
  await shoot(page, `${name}-${language}-${size}`);
  await fits(page, `${name} ${language} ${size}`);
  await accessible(page, `${name} ${language} ${size}`);
}

async function tour(page, language, size) {
  const open = async (name, path) => {
    await page.goto(path);
    await look(page, name, language, size);
  };
  await open('console-signin', '/console/sign-in');
  await page.fill('#address', 'hr');
  await page.click('main button');
  await look(page, 'console-signin-wrong', language, size);
  await page.fill('#address', address);
  await page.click('main button');
  await look(page, 'console-sent', language, size);
  links += 1;
  await open('console-link', `/console/sign-in/${(await mail(address, links)).token}`);
  await page.click('main button');
  await look(page, 'console', language, size);
  await open('console-campaigns', '/console/campaigns');
  await open('console-ran', '/console/campaigns/news');
  await page.click('nav.menu a[href="/console/campaigns"]');
  await page.click('a[href="/console/campaigns/autumn-gathering-2026"]');
  await look(page, 'console-campaign', language, size);
  await page.click('a[href="/console/campaigns/autumn-gathering-2026/0"]');
  await look(page, 'console-sample', language, size);
  await page.click('a[href$="/0/html"]');
  await shoot(page, `console-designed-${language}-${size}`);
  await fits(page, `the mail ${language} ${size}`);
  await open('console-missing', '/console/campaigns/nothing');
  await page.goto('/console');
  for (const control of await page.locator('header button, header a, nav.menu a').all()) {
    const box = await control.boundingBox();
    assert.ok(box.height >= 24, `${await control.innerText()} is ${box.height} px high`); // as the members' menu, WCAG 2.5.8
  }
  await page.click('header form button');
  await look(page, 'console-signed-out', language, size);
}

for (const [language, size, dark] of [['ja', 'phone', false], ['en', 'phone', false], ['ja', 'desktop', false], ['en', 'desktop', true]]) {
  test(`the office's pages in ${language} on a ${size}${dark ? ', in the dark' : ''}`, async () => {
    assert.ok(sizes[size]);
    const page = await visitor(browser, { language, size, dark, javaScript: true }); // for axe
    await tour(page, language, size);
    await page.context().close();
  });
}

test('the office needs no JavaScript', async () => {
  const page = await visitor(browser, { language: 'en' });
  await page.goto('/console/sign-in');
  await page.fill('#address', address);
  await page.click('main button');
  links += 1;
  await page.goto(`/console/sign-in/${(await mail(address, links)).token}`);
  await page.click('main button');
  await page.click('text=Campaigns >> nth=0');
  await page.click('a[href="/console/campaigns/autumn-gathering-2026"]');
  assert.match(await page.innerText('main'), /Would be written to/);
  await page.context().close();
});
