// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

// What a member does, with a real browser's forms, cookies and headers, and without JavaScript.

import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { launch, line, mail, notice, organise, person, portal, signIn, stateOf, surveyPath, unsubscribeToken, visitor } from './lib.mjs';

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser.close(); });

const heading = (page) => page.locator('h1').innerText();

test('somebody invited joins on a telephone, shows the name, and leaves', async () => {
  const page = await visitor(browser, { size: 'phone' });
  const invited = await person('Invited');
  await page.goto('/');
  await page.click('text=ログイン・参加する');
  await page.fill('#address', invited.address);
  await page.click('button:has-text("リンクを送る")');
  assert.equal(await heading(page), 'メールをご確認ください');

  const { text, token } = await mail(invited.address);
  assert.match(text, /15分間有効/);
  await page.goto(`/sign-in/${token}?lang=ja`);
  for (const box of await page.locator('input[type=checkbox]').all()) assert.equal(await box.isChecked(), false);
  await page.check('#purpose-Network');
  await page.check('#purpose-Events');
  await page.click('button:has-text("同意して参加する")');
  assert.equal(await heading(page), 'プロフィール');
  assert.equal(await stateOf(invited.id), 'Active');
  const cookies = await page.context().cookies();
  const session = cookies.find((c) => c.name === 'session');
  assert.ok(session.httpOnly && session.sameSite === 'Lax');

  await page.goto('/me/preview?as=Alumni');
  assert.match(await page.locator('main').innerText(), /何も表示されません/);
  await page.goto('/me/profile');
  await page.selectOption('#visible-Name', 'Alumni');
  await page.click('button:has-text("保存する")');
  await page.click('text=ほかの方からの見え方');
  assert.match(await page.locator('main').innerText(), /星野 花子/);

  await page.click('nav.menu >> text=退会');
  await page.click('text=退会の手続きへ進む');
  await page.check('#understood');
  await page.click('main button:has-text("退会する")');
  assert.equal(await heading(page), '退会の手続きが完了しました');
  assert.equal(await stateOf(invited.id), 'Withdrawn');
  const request = await page.locator('code').innerText();
  assert.ok((await mail(invited.address, 2)).text.includes(request));
  await page.goto('/me');
  assert.equal(await heading(page), 'ログイン');
  await page.context().close();
});

test('a member answers a survey without signing in, after forgetting a question', async () => {
  const page = await visitor(browser, { size: 'phone', language: 'en' });
  const path = await surveyPath((await person('Active')).id);
  await page.goto(path);
  assert.equal(await heading(page), 'アンケート', 'the page is in the language of the member');
  await page.check('#q-topics--jobs');
  await page.fill('#q-words', 'また集まりたい');
  await page.click('main button');
  assert.match(await page.locator('#problem').innerText(), /また一緒に働きたいですか/);
  assert.ok(await page.locator('#q-topics--jobs').isChecked());
  assert.equal(await page.locator('#q-words').inputValue(), 'また集まりたい');
  await page.locator('#q-back').getByText('はい').click();
  await page.check('#q-mood--5');
  await page.click('main button');
  assert.equal(await heading(page), 'ありがとうございました');
  await page.goto(path);
  assert.equal(await heading(page), '回答済みです');
  await page.context().close();
});

test('a member reads a notice', async () => {
  const page = await visitor(browser, { size: 'phone' });
  const member = await person('Active');
  await notice(member, 'ja', '秋の集い', '<p>会場は<strong>本館</strong>です。</p>');
  await signIn(page, member);
  assert.match(await page.locator('nav.menu').innerText(), /お知らせ 1/);
  assert.equal(await heading(page), '新着');
  await page.click('main >> text=秋の集い');
  assert.equal(await heading(page), '秋の集い');
  assert.match(await page.locator('main').innerText(), /会場は本館です。/);
  assert.doesNotMatch(await page.locator('nav.menu').innerText(), /お知らせ 1/);
  await page.click('text=お知らせの一覧');
  assert.doesNotMatch(await page.locator('main').innerText(), /未読/);
  await page.context().close();
});

test('members meet: one organises, one comes, one waits and gets the seat, and it is called off', async () => {
  const [host, guest, next] = [await visitor(browser, { size: 'phone' }), await visitor(browser, { size: 'phone' }), await visitor(browser, { size: 'phone' })];
  const waits = await person('Active');
  await signIn(host, await person('Active'));
  await signIn(guest, await person('Active'));
  await signIn(next, waits);
  await host.click('nav.menu >> text=イベント');
  assert.match(await host.locator('main').innerText(), /集まりを企画する/);
  const path = await organise(host);
  assert.match(await host.locator('[role=status]').innerText(), /公開しました/);
  assert.match(await host.locator('main').innerText(), /あなたの企画/);

  await guest.click('nav.menu >> text=イベント');
  await guest.click(`a[href="${path}"]`);
  assert.match(await guest.locator('main').innerText(), /星野 花子/);
  assert.doesNotMatch(await guest.locator('main').innerText(), /meet\.example/);
  await guest.click('button:has-text("参加を申し込む")');
  assert.match(await guest.locator('main').innerText(), /meet\.example/);
  const file = await guest.request.get(`${path}/event.ics`);
  assert.match(await file.text(), /^BEGIN:VCALENDAR\r\n[^]*METHOD:PUBLISH\r\n[^]*UID:[0-9a-f-]{36}@[^]*END:VCALENDAR\r\n$/);

  await next.goto(path);
  await next.click('button:has-text("キャンセル待ちに登録する")');
  assert.match(await next.locator('main').innerText(), /キャンセル待ちの1番目/);
  await guest.click('button:has-text("参加を取り消す")');
  assert.match((await mail(waits.address, 2)).subject, /席をご用意できました：鍋を囲む会/);
  await next.goto('/notices');
  await next.click('text=席をご用意できました');
  await next.click('text=イベントを見る');
  assert.match(await next.locator('main').innerText(), /参加の申し込みを受け付けています/);

  await host.goto(path);
  await host.click('text=中止にする');
  assert.match(await host.locator('main').innerText(), /申し込み済みの1名/);
  await host.click('main button:has-text("中止にする")');
  assert.match((await mail(waits.address, 3)).subject, /中止のお知らせ/);
  await next.reload();
  assert.match(await next.locator('main').innerText(), /中止になりました/);
  for (const page of [host, guest, next]) await page.context().close();
});

test('members tell each other something: a post, a comment, thanks, a report', async () => {
  const hana = await visitor(browser, { size: 'phone' });
  const taro = await visitor(browser, { size: 'phone' });
  await signIn(hana, await person('Active'));
  await signIn(taro, await person('Active'));
  await hana.click('nav.menu >> text=投稿');
  await hana.click('main >> text=投稿する');
  await hana.selectOption('#Kind', 'Question');
  await hana.fill('#Post', '甘酒の作り方をご存じの方は？\n\nhttps://koji.example/ を読みました。');
  await hana.click('main button:has-text("公開する")');
  assert.match(await hana.locator('[role=alert]').innerText(), /氏名の表示にチェック/);
  assert.match(await hana.inputValue('#Post'), /甘酒/);
  await hana.check('#ShowName');
  await hana.click('main button:has-text("公開する")');
  assert.match(await hana.locator('[role=status]').innerText(), /投稿を公開しました/);
  assert.equal(await hana.getAttribute('.told a', 'rel'), 'nofollow ugc noopener');
  const post = new URL(hana.url()).pathname;

  await taro.goto('/home');
  await taro.click('main >> text=甘酒の作り方');
  assert.match(await taro.locator('article').innerText(), /星野 花子/);
  await taro.click('button:has-text("ありがとう")');
  assert.match(await taro.locator('article').innerText(), /ありがとう 1件/);
  await taro.fill('#Comment', '酒粕から作ります。');
  await taro.check('#ShowName');
  await taro.click('button:has-text("コメントする")');
  assert.match(await taro.locator('main').innerText(), /酒粕から作ります/);
  await taro.click('article >> text=報告する');
  await taro.selectOption('#Reason', 'Other');
  await taro.click('main button:has-text("報告を送る")');
  assert.match(await taro.locator('[role=status]').innerText(), /報告を受け付けました/);

  await hana.goto(post);
  assert.match(await hana.locator('main').innerText(), /酒粕から作ります/);
  await hana.click('article >> text=編集する');
  await hana.fill('#Post', '甘酒の作り方がわかりました。');
  await hana.click('main button:has-text("保存する")');
  assert.match(await hana.locator('article').innerText(), /に編集/);
  await hana.click('article >> text=取り下げる');
  await hana.click('main button:has-text("取り下げを確定する")');
  assert.match(await hana.locator('[role=status]').innerText(), /取り下げました/);
  await taro.goto(post);
  assert.equal(await heading(taro), '表示されなくなった投稿');
  await hana.context().close();
  await taro.context().close();
});

test('a member links LINE and unlinks it', async () => {
  const page = await visitor(browser, { size: 'phone' });
  const member = await person('Active');
  await signIn(page, member);
  await page.goto('/me');
  await page.click('text=LINEと連携する');
  await page.click('button:has-text("同意してコードを発行する")');
  assert.equal(await page.getAttribute('a:has-text("@hoshino-foods")', 'href'), 'https://line.me/R/ti/p/%40hoshino-foods');
  const code = await page.locator('.code').innerText();
  assert.equal(await line(member, 'message', 'こんにちは'), 200);
  await page.click('text=連携できたか確認する');
  assert.match(await page.locator('main').innerText(), /発行したコードは/);
  assert.equal(await line(member, 'message', code.toLowerCase().replace('-', ' ')), 200);
  await page.goto('/me');
  assert.match(await page.locator('main').innerText(), /LINEアカウントと連携しています/);
  await page.click('text=設定を変更する');
  await page.click('main button:has-text("LINEとの連携を解除する")');
  assert.match(await page.locator('[role=status]').innerText(), /LINEとの連携を解除しました/);
  await page.context().close();
});

test('a member changes consents and takes a pause in English', async () => {
  const page = await visitor(browser, { language: 'en' });
  const member = await person('Active');
  await signIn(page, member, 'en');
  await page.click('nav.menu >> text=Consent and mail');
  await page.check('#purpose-Newsletter');
  await page.click('main button:has-text("Save")');
  assert.match(await page.locator('[role=status]').innerText(), /Saved/);
  assert.match(await page.locator('tbody').innerText(), /Newsletter\s+Given\s+This site/);
  await page.click('nav.menu >> text=Pause contact');
  await page.click('button:has-text("Pause contact")');
  assert.equal(await stateOf(member.id), 'Paused');
  await page.click('button:has-text("Start contact again now")');
  assert.equal(await stateOf(member.id), 'Active');
  await page.click('header button:has-text("Sign out")');
  assert.equal(new URL(page.url()).pathname, '/');
  await page.goto('/me');
  assert.equal(await heading(page), 'Sign in');
  await page.context().close();
});

test('a member signs out everywhere from another browser', async () => {
  const member = await person('Active');
  const here = await visitor(browser);
  const there = await visitor(browser);
  await signIn(here, member, 'en', 1);
  await signIn(there, member, 'en', 2);
  await there.goto('/me/sessions');
  assert.equal(await there.locator('main li').count(), 2);
  await there.click('button:has-text("Sign out everywhere")');
  await here.goto('/me');
  assert.equal(await heading(here), 'Sign in');
  await here.context().close();
  await there.context().close();
});

test('the link at the foot of a mail stops mail without signing in', async () => {
  const page = await visitor(browser);
  const member = await person('Active');
  await page.goto(`/u/${await unsubscribeToken(member.id, 'Newsletter')}`);
  assert.equal(await heading(page), 'メールの停止');
  await page.click('button:has-text("すべてのメールを停止する")');
  assert.equal(await heading(page), 'メールを停止しました');
  await signIn(page, member);
  await page.goto('/me/consents');
  await page.click('button:has-text("メールの受け取りを再開する")');
  assert.match(await page.locator('[role=status]').innerText(), /再開しました/);
  await page.context().close();
});

test('a form of another site is refused', async () => {
  const page = await visitor(browser);
  const member = await person('Active');
  await signIn(page, member, 'en');
  await page.route('http://elsewhere.example/', (route) => route.fulfill({
    contentType: 'text/html', body: `<form method="post" action="${portal}/me/pause"><button name="act" value="pause">win</button></form>`,
  }));
  await page.goto('http://elsewhere.example/');
  await page.click('button');
  assert.equal(await heading(page), 'この操作は受け付けられませんでした'); // the language cookie stays at home too
  assert.equal(await stateOf(member.id), 'Active');
  await page.context().close();
});

test('the language follows the choice on every page', async () => {
  const page = await visitor(browser, { language: 'en' });
  await page.goto('/privacy');
  assert.equal(await page.getAttribute('html', 'lang'), 'en');
  await page.click('text=日本語');
  assert.equal(await heading(page), '個人データの取り扱い');
  await page.goto('/sign-in');
  assert.equal(await page.getAttribute('html', 'lang'), 'ja');
  await page.context().close();
});
