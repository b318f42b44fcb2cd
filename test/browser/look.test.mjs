// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Every page, in both languages, on a telephone and on a desktop: it fits, it is accessible, its language is told.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { accessible, fits, launch, line, mail, notice, organise, person, shoot, signIn, sizes, surveyPath, unsubscribeToken, visitor } from './lib.mjs';

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser.close(); });

// autumn is a notice with everything that Markdown can make.
const autumn = `<h1>ごあいさつ</h1><p>皆さまに<strong>お会い</strong>できる日を<em>楽しみに</em>しています。<br>くわしくは<a href="https://hoshino-foods.example/autumn-gathering-with-a-rather-long-address">こちら</a>。</p>
<h2>日程</h2><table><thead><tr><th>日</th><th align="right">会場</th></tr></thead><tbody><tr><td>11月3日</td><td align="right">京都市中京区星野町の新しい本館ホール</td></tr></tbody></table>
<blockquote><p>お待ちしています。</p></blockquote><ul><li>一</li><li>二</li></ul><pre><code>https://hoshino-foods.example/a/very/long/line/that/does/not/break/by/itself/at/all</code></pre>
<p><img src="https://hoshino-foods.example/hall.png" alt="本館の写真"></p>`;

async function look(page, name, language, size) {
  assert.equal(await page.getAttribute('html', 'lang'), language);
  assert.equal(await page.locator('h1').count(), 1, `${name} has one heading`);
  await shoot(page, `${name}-${language}-${size}`);
  await fits(page, `${name} ${language} ${size}`);
  if (size === 'phone') await accessible(page, `${name} ${language} ${size}`); // the same elements on either
}

const words = {
  ja: { post: '退職して3年になります。\n京都で小さな発酵の研究所を始めました。\n\n見学も歓迎です。https://midori-hakko.example/a-rather-long-address-that-does-not-fit-into-one-line-of-a-telephone', comment: 'ぜひ伺います。' },
  en: { post: 'It is three years since I left.\nI run a small fermentation lab in Kyoto now.\n\nVisitors are welcome: https://midori-hakko.example/a-rather-long-address-that-does-not-fit-into-one-line-of-a-telephone', comment: 'I would love to come.' },
};

// feed looks at the pages on which members tell each other something.
async function feed(page, open, seen, language, size) {
  await open('feed', '/feed?kind=Idea');
  await open('post', '/feed/new');
  await page.fill('#Post', words[language].post);
  await page.check('#Newsletter');
  await page.click('form.card button');
  await seen('post-wrong');
  await page.check('#ShowName');
  await page.click('form.card button');
  await seen('post-published');
  const path = new URL(page.url()).pathname;
  await page.fill('#Comment', words[language].comment);
  await page.click('form.card button');
  await seen('thread');
  await open('feed-mine', '/feed/mine');
  await open('feed-edit', `${path}/edit`);
  await open('feed-withdraw', `${path}/withdraw`);

  const other = await visitor(page.context().browser(), { language, size });
  await signIn(other, await person('Active'), language);
  await other.goto('/feed/new');
  await other.selectOption('#Kind', 'Idea');
  await other.fill('#Post', words[language].post.repeat(4));
  await other.check('#ShowName');
  await other.click('form.card button');
  const theirs = new URL(other.url()).pathname;
  await other.context().close();
  await open('feed-posts', '/feed');
  await open('home-posts', '/home');
  await open('feed-thread', theirs);
  await open('feed-report', `${theirs}/report`);
  await page.click('form.card button');
  await seen('feed-report-wrong');
}

for (const language of ['ja', 'en']) {
  for (const size of Object.keys(sizes)) {
    test(`the pages in ${language} on a ${size}`, async () => {
      // axe needs JavaScript in the page; the journeys prove that the portal does not.
      const page = await visitor(browser, { language, size, javaScript: true });
      const open = async (name, path) => {
        await page.goto(path);
        await look(page, name, language, size);
      };
      await open('landing', '/');
      await open('privacy', '/privacy');
      await open('signin', '/sign-in');
      await page.fill('#address', 'hanako');
      await page.click('main button');
      await look(page, 'signin-wrong', language, size);
      await open('sent', '/sign-in/sent');
      await open('spent', '/sign-in/nonsense');
      await open('missing', '/nowhere');

      const invited = await person('Invited');
      await page.goto('/sign-in');
      await page.fill('#address', invited.address);
      await page.click('main button');
      const { token } = await mail(invited.address);
      await open('join', `/sign-in/${token}`);
      await page.click('main button');
      await look(page, 'join-wrong', language, size);
      await open('unsubscribe', `/u/${await unsubscribeToken(invited.id, 'Newsletter')}`);
      await page.click('main button >> nth=1');
      await look(page, 'unsubscribed', language, size);

      const member = await person('Active');
      await open('survey-named', `${await surveyPath(member.id, 'Named')}?lang=${language}`);
      const asked = `${await surveyPath(member.id)}?lang=${language}`;
      await open('survey', asked);
      await page.click('main button');
      await look(page, 'survey-wrong', language, size);
      await page.check('#q-back--maybe');
      await page.check('#q-mood--4');
      await page.click('main button');
      await look(page, 'survey-thanks', language, size);
      await open('survey-answered', asked);
      await page.goto('/sign-in');
      await page.fill('#address', member.address);
      await page.click('main button');
      await open('link', `/sign-in/${(await mail(member.address)).token}`);
      await page.click('main button');
      await open('home', '/home');
      await open('me', '/me');
      await open('data', '/me/data');
      await feed(page, open, (name) => look(page, name, language, size), language, size);
      await open('address', '/me/address');
      await page.fill('#address', 'nobody');
      await page.click('main button');
      await look(page, 'address-wrong', language, size);
      await page.fill('#address', `new-${member.address}`);
      await page.click('main button');
      await look(page, 'address-waiting', language, size);
      await open('notices-none', '/notices');
      const id = await notice(member, 'ja', '秋の集いのご案内', autumn);
      await open('me-unread', '/me');
      await open('notices', '/notices');
      await open('notice', `/notices/${id}`);
      await open('events-none', '/events');
      await open('event-new', '/events/new');
      await page.fill('#EventDescription', '一人でもどうぞ。');
      await page.click('button[value=publish]');
      await look(page, 'event-wrong', language, size);
      const event = await organise(page, language === 'en' ? { EventTitle: 'An evening around the hot pot' } : {});
      await look(page, 'event-own', language, size);
      await open('event-edit', `${event}/edit`);
      await open('event-cancel', `${event}/cancel`);
      const host = await visitor(browser, { language });
      await signIn(host, await person('Active'), language);
      const other = await organise(host, { EventTitle: '海外の皆さんとのオンライン同窓会 〜近況と、これからのこと〜', Capacity: '2' });
      await host.context().close();
      await open('event-other', other);
      await page.click('main button');
      await look(page, 'event-registered', language, size);
      await open('events', '/events');
      await open('events-mine', '/events?view=mine');
      await open('line', '/me/line');
      await page.click('main button');
      await look(page, 'line-code', language, size);
      const code = await page.locator('.code').innerText();
      await open('line-waiting', '/me/line');
      assert.equal(await line(member, 'message', code), 200);
      await open('line-linked', '/me/line');
      assert.equal(await line(member, 'unfollow'), 200);
      await open('me-line-blocked', '/me');
      await open('line-blocked', '/me/line');
      await open('edit', '/me/profile');
      await page.selectOption('#visible-Name', 'Alumni');
      await page.selectOption('#visible-Skills', 'Employees');
      await page.fill('#Employer', 'みどり発酵研究所');
      await page.fill('#About', '発酵の仕事を続けています。\n京都で小さな研究所を営んでいます。');
      await page.click('form.edit button');
      await look(page, 'me-saved', language, size);
      await open('preview', '/me/preview?as=Alumni');
      await open('consents', '/me/consents');
      await page.check('#purpose-Events');
      await page.click('form.card button');
      await look(page, 'consents-saved', language, size);
      await open('pause', '/me/pause');
      await page.fill('#until', '2031-04-01');
      await page.click('form.card button');
      await look(page, 'paused', language, size);
      await open('sessions', '/me/sessions');
      await open('leave', '/me/leave');
      await open('leaveconfirm', '/me/leave/confirm');
      await page.click('main button');
      await look(page, 'leaveconfirm-wrong', language, size);
      await page.check('#understood');
      await page.click('main button');
      await look(page, 'left', language, size);
      await page.context().close();
    });
  }
}

test('the pages in the dark', async () => {
  const page = await visitor(browser, { javaScript: true, dark: true, size: 'phone' });
  const member = await person('Active');
  await page.goto('/');
  await look(page, 'dark-landing', 'ja', 'phone');
  await signIn(page, member);
  await look(page, 'dark-me', 'ja', 'phone');
  await page.goto('/feed');
  await look(page, 'dark-feed', 'ja', 'phone');
  for (const name of ['profile', 'consents', 'pause', 'leave']) {
    await page.goto(`/me/${name}`);
    await look(page, `dark-${name}`, 'ja', 'phone');
  }
  await page.context().close();
});
