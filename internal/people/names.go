// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package people

import "strings"

// name is one part of a person's name: as it is written, and its reading in full-width katakana.
type name struct{ text, kana string }

// names splits a list of "written=reading" words.
func names(list string) []name {
	var all []name
	for _, word := range strings.Fields(list) {
		text, kana, _ := strings.Cut(word, "=")
		all = append(all, name{text: text, kana: kana})
	}
	return all
}

// Some family names hold characters that are in Windows' Shift_JIS (code page 932) and not in the standard one:
// 髙, 﨑, 德. HR systems are full of them.
var japaneseFamilies = names(`
佐藤=サトウ 鈴木=スズキ 高橋=タカハシ 田中=タナカ 伊藤=イトウ 渡辺=ワタナベ 山本=ヤマモト 中村=ナカムラ 小林=コバヤシ 加藤=カトウ
吉田=ヨシダ 山田=ヤマダ 佐々木=ササキ 山口=ヤマグチ 松本=マツモト 井上=イノウエ 木村=キムラ 林=ハヤシ 斎藤=サイトウ 清水=シミズ
山崎=ヤマザキ 森=モリ 池田=イケダ 橋本=ハシモト 阿部=アベ 石川=イシカワ 山下=ヤマシタ 中島=ナカジマ 石井=イシイ 小川=オガワ
前田=マエダ 岡田=オカダ 長谷川=ハセガワ 藤田=フジタ 後藤=ゴトウ 近藤=コンドウ 村上=ムラカミ 遠藤=エンドウ 青木=アオキ 坂本=サカモト
福田=フクダ 太田=オオタ 西村=ニシムラ 藤井=フジイ 金子=カネコ 岡本=オカモト 藤原=フジワラ 三浦=ミウラ 中野=ナカノ 中川=ナカガワ
原田=ハラダ 松田=マツダ 竹内=タケウチ 小野=オノ 田村=タムラ 中山=ナカヤマ 和田=ワダ 石田=イシダ 森田=モリタ 上田=ウエダ
原=ハラ 内田=ウチダ 柴田=シバタ 酒井=サカイ 宮崎=ミヤザキ 横山=ヨコヤマ 高木=タカギ 安藤=アンドウ 宮本=ミヤモト 大野=オオノ
小島=コジマ 工藤=クドウ 谷口=タニグチ 今井=イマイ 高田=タカダ 増田=マスダ 丸山=マルヤマ 杉山=スギヤマ 村田=ムラタ 大塚=オオツカ
新井=アライ 小山=コヤマ 平野=ヒラノ 藤本=フジモト 河野=コウノ 上野=ウエノ 野口=ノグチ 武田=タケダ 松井=マツイ 千葉=チバ
岩崎=イワサキ 菅原=スガワラ 木下=キノシタ 久保=クボ 佐野=サノ 野村=ノムラ 松尾=マツオ 市川=イチカワ 菊地=キクチ 杉本=スギモト
髙橋=タカハシ 髙田=タカダ 山﨑=ヤマザキ 宮﨑=ミヤザキ 德永=トクナガ 五十嵐=イガラシ 小笠原=オガサワラ 喜屋武=キャン 比嘉=ヒガ 東海林=ショウジ`)

var japaneseGivens = names(`
翔太=ショウタ 拓也=タクヤ 健太=ケンタ 大輔=ダイスケ 直樹=ナオキ 和也=カズヤ 達也=タツヤ 哲也=テツヤ 雄太=ユウタ 亮=リョウ
誠=マコト 浩=ヒロシ 隆=タカシ 修=オサム 剛=ツヨシ 学=マナブ 淳=ジュン 聡=サトシ 正樹=マサキ 英樹=ヒデキ
健一=ケンイチ 浩二=コウジ 雅之=マサユキ 俊介=シュンスケ 祐介=ユウスケ 慎一=シンイチ 康弘=ヤスヒロ 義明=ヨシアキ 勇気=ユウキ 颯=ハヤテ
蓮=レン 湊=ミナト 陽翔=ハルト 樹=イツキ 悠真=ユウマ 光=ヒカル 潤一郎=ジュンイチロウ 幸太郎=コウタロウ 清=キヨシ 茂=シゲル
美咲=ミサキ 愛=アイ 彩=アヤ 麻衣=マイ 優子=ユウコ 由美子=ユミコ 恵子=ケイコ 久美子=クミコ 智子=トモコ 裕子=ユウコ
真由美=マユミ 陽子=ヨウコ 直美=ナオミ 香織=カオリ 沙織=サオリ 千尋=チヒロ 遥=ハルカ 葵=アオイ さくら=サクラ 結衣=ユイ
ひなた=ヒナタ 凛=リン 七海=ナナミ 美穂=ミホ 里奈=リナ 奈緒=ナオ 明日香=アスカ 志保=シホ 千春=チハル 文=フミ
和子=カズコ 節子=セツコ 京子=キョウコ 幸子=サチコ 順子=ジュンコ 典子=ノリコ 理恵=リエ 貴子=タカコ 綾乃=アヤノ 詩織=シオリ`)

var englishFamilies = names(`
Adams=アダムズ Allen=アレン Baker=ベイカー Bell=ベル Bennett=ベネット Brooks=ブルックス Brown=ブラウン Campbell=キャンベル Carter=カーター Chen=チェン
Clark=クラーク Collins=コリンズ Cooper=クーパー Cruz=クルーズ Davies=デイヴィス Diaz=ディアス Edwards=エドワーズ Evans=エヴァンス Fischer=フィッシャー Foster=フォスター
Garcia=ガルシア Gray=グレイ Green=グリーン Gupta=グプタ Hall=ホール Harris=ハリス Hughes=ヒューズ Jackson=ジャクソン Jones=ジョーンズ Kelly=ケリー
Khan=カーン Kim=キム Kumar=クマール Lee=リー Lewis=ルイス Lopez=ロペス Martin=マーティン Mitchell=ミッチェル Morgan=モーガン Murphy=マーフィー
Nguyen=グエン O'Brien=オブライエン Park=パーク Patel=パテル Perez=ペレス Phillips=フィリップス Reid=リード Reyes=レイエス Roberts=ロバーツ Robinson=ロビンソン
Santos=サントス Schmidt=シュミット Scott=スコット Shah=シャー Singh=シン Smith=スミス Smith-Jones=スミスジョーンズ Stewart=スチュワート Tan=タン Taylor=テイラー
Thomas=トーマス Tran=チャン Turner=ターナー Walker=ウォーカー Wang=ワン Ward=ウォード Watson=ワトソン White=ホワイト Williams=ウィリアムズ Wilson=ウィルソン`)

var englishGivens = names(`
Aaron=アーロン Adam=アダム Aisha=アイシャ Alice=アリス Amelia=アメリア Amy=エイミー Andrew=アンドリュー Anna=アンナ Anil=アニル Benjamin=ベンジャミン
Carlos=カルロス Caroline=キャロライン Charlotte=シャーロット Chloe=クロエ Claire=クレア Daniel=ダニエル David=デイヴィッド Diego=ディエゴ Elena=エレナ Eleanor=エレノア
Emily=エミリー Emma=エマ Eric=エリック Ethan=イーサン Fatima=ファティマ Fiona=フィオナ George=ジョージ Grace=グレイス Hannah=ハンナ Henry=ヘンリー
Isabel=イザベル Jack=ジャック James=ジェームズ Jane=ジェーン Jasmine=ジャスミン Joanna=ジョアンナ John=ジョン Joseph=ジョセフ Julia=ジュリア Karen=カレン
Kevin=ケヴィン Laura=ローラ Leo=レオ Liam=リアム Linh=リン Lucas=ルーカス Lucy=ルーシー Maria=マリア Mark=マーク Matthew=マシュー
Maya=マヤ Megan=メーガン Mei=メイ Michael=マイケル Min-jun=ミンジュン Nadia=ナディア Nathan=ネイサン Nina=ニーナ Noah=ノア Oliver=オリヴァー
Olivia=オリヴィア Patrick=パトリック Paul=ポール Peter=ピーター Priya=プリヤ Rachel=レイチェル Ravi=ラヴィ Robert=ロバート Rosa=ローザ Ruth=ルース
Sam=サム Sarah=サラ Sofia=ソフィア Sophie=ソフィー Steven=スティーヴン Susan=スーザン Thomas=トーマス Victor=ヴィクター William=ウィリアム Yuna=ユナ`)

// digraphs and kana give the reading of katakana in Latin letters (Hepburn, long vowels written short as in mail
// addresses).
var digraphs = pairs(`キャ=kya キュ=kyu キョ=kyo シャ=sha シュ=shu ショ=sho チャ=cha チュ=chu チョ=cho ニャ=nya ニュ=nyu ニョ=nyo
ヒャ=hya ヒュ=hyu ヒョ=hyo ミャ=mya ミュ=myu ミョ=myo リャ=rya リュ=ryu リョ=ryo ギャ=gya ギュ=gyu ギョ=gyo ジャ=ja ジュ=ju ジョ=jo
ビャ=bya ビュ=byu ビョ=byo`)

var kana = pairs(`ア=a イ=i ウ=u エ=e オ=o カ=ka キ=ki ク=ku ケ=ke コ=ko サ=sa シ=shi ス=su セ=se ソ=so タ=ta チ=chi ツ=tsu テ=te ト=to
ナ=na ニ=ni ヌ=nu ネ=ne ノ=no ハ=ha ヒ=hi フ=fu ヘ=he ホ=ho マ=ma ミ=mi ム=mu メ=me モ=mo ヤ=ya ユ=yu ヨ=yo ラ=ra リ=ri ル=ru レ=re ロ=ro
ワ=wa ヲ=o ン=n ガ=ga ギ=gi グ=gu ゲ=ge ゴ=go ザ=za ジ=ji ズ=zu ゼ=ze ゾ=zo ダ=da ヂ=ji ヅ=zu デ=de ド=do バ=ba ビ=bi ブ=bu ベ=be ボ=bo
パ=pa ピ=pi プ=pu ペ=pe ポ=po`)

func pairs(list string) map[string]string {
	all := map[string]string{}
	for _, n := range names(list) {
		all[n.text] = n.kana
	}
	return all
}

// latin is a name in lower-case Latin letters, fit for a mail address.
func (n name) latin() string {
	var b strings.Builder
	if n.text[0] < 0x80 {
		for _, r := range strings.ToLower(n.text) {
			if r >= 'a' && r <= 'z' {
				b.WriteRune(r)
			}
		}
		return b.String()
	}
	runes := []rune(n.kana)
	for i := 0; i < len(runes); i++ {
		if i+1 < len(runes) {
			if two, found := digraphs[string(runes[i:i+2])]; found {
				b.WriteString(two)
				i++
				continue
			}
		}
		b.WriteString(kana[string(runes[i])])
	}
	return strings.NewReplacer("ou", "o", "oo", "o", "uu", "u").Replace(b.String())
}
