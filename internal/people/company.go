// Copyright The Alumni Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"fmt"
	"slices"
	"strings"
)

// Language of the words in a roster: departments, posts, reasons and so on. A person's own name and locale do
// not follow it.
type Language string

// The languages of the lists.
const (
	English  Language = "en"
	Japanese Language = "ja"
)

// term is a word in both languages.
type term struct{ en, ja string }

// in gives the word in one language.
func (t term) in(l Language) string {
	if l == Japanese {
		return t.ja
	}
	return t.en
}

// terms splits a list of "English=日本語" entries, one for each line or separated by ";".
func terms(list string) []term {
	var all []term
	for _, entry := range strings.FieldsFunc(list, func(r rune) bool { return r == ';' || r == '\n' }) {
		en, ja, _ := strings.Cut(strings.TrimSpace(entry), "=")
		if en != "" {
			all = append(all, term{en: en, ja: ja})
		}
	}
	return all
}

// department is a part of a company with the skills that people take away from it.
type department struct {
	name   term
	share  int // of the company's people, in percent
	skills []term
}

// company is one invented company of the Hoshino group.
type company struct {
	code        string // begins every employee number
	english     int    // percent of people with an English name and locale
	departments []department
}

var companies = map[string]company{
	"hoshino-foods": {code: "HF", english: 8, departments: []department{
		{term{"Product Development", "商品開発部"}, 14, terms("Recipe design=レシピ設計;Sensory evaluation=官能評価;Food chemistry=食品化学;Packaging=包装設計")},
		{term{"Quality Assurance", "品質保証部"}, 12, terms("HACCP=HACCP;Microbiology=微生物検査;Auditing=監査;Statistics=統計")},
		{term{"Manufacturing", "製造部"}, 24, terms("Line operation=ライン運営;Maintenance=設備保全;Lean production=改善活動;Safety=安全管理")},
		{term{"Sales", "営業部"}, 22, terms("Key accounts=法人営業;Negotiation=交渉;Retail=小売;Export=輸出")},
		{term{"Marketing", "マーケティング部"}, 10, terms("Brand management=ブランド管理;Market research=市場調査;Social media=SNS運用;Design=デザイン")},
		{term{"Procurement", "購買部"}, 8, terms("Sourcing=調達;Contracts=契約;Commodity markets=原料市況")},
		{term{"Human Resources", "人事部"}, 4, terms("Recruiting=採用;Labour law=労働法;Training=研修")},
		{term{"Information Systems", "情報システム部"}, 6, terms("SAP=SAP;SQL=SQL;Networks=ネットワーク;Java=Java")},
	}},
	"hoshino-logistics": {code: "HL", english: 35, departments: []department{
		{term{"Transport Operations", "輸送部"}, 28, terms("Fleet management=車両管理;Route planning=配車計画;Heavy vehicles=大型免許;Safety=安全管理")},
		{term{"Warehouse", "倉庫部"}, 24, terms("WMS=倉庫管理;Forklift=フォークリフト;Inventory=在庫管理;Lean production=改善活動")},
		{term{"Supply Chain Planning", "物流企画部"}, 12, terms("Forecasting=需要予測;Python=Python;Optimisation=最適化;Statistics=統計")},
		{term{"International Forwarding", "国際物流部"}, 12, terms("Customs=通関;Incoterms=貿易条件;English=英語;Chinese=中国語")},
		{term{"Customer Service", "カスタマーサービス部"}, 10, terms("Complaint handling=苦情対応;CRM=顧客管理;English=英語")},
		{term{"Engineering", "技術部"}, 8, terms("Robotics=ロボット;PLC=PLC;Go=Go;Kubernetes=Kubernetes")},
		{term{"Finance", "経理部"}, 4, terms("Accounting=会計;Controlling=管理会計;Tax=税務")},
		{term{"Human Resources", "人事部"}, 2, terms("Recruiting=採用;Labour law=労働法;Training=研修")},
	}},
}

// Companies lists the names that New accepts.
func Companies() []string {
	var all []string
	for name := range companies {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func companyNamed(name string) (company, error) {
	c, found := companies[name]
	if !found {
		return company{}, fmt.Errorf("no company %q: known are %s", name, strings.Join(Companies(), ", "))
	}
	return c, nil
}

var posts = terms("Member=一般;Senior=主任;Team lead=係長;Section manager=課長;Department manager=部長;Specialist=専門職")

var regions = terms(`Tokyo=東京都;Kanagawa=神奈川県;Saitama=埼玉県;Chiba=千葉県;Osaka=大阪府;Hyogo=兵庫県;Kyoto=京都府;Aichi=愛知県;Shizuoka=静岡県
Fukuoka=福岡県;Hokkaido=北海道;Miyagi=宮城県;Hiroshima=広島県;Niigata=新潟県;Nagano=長野県;Okinawa=沖縄県;Overseas=海外`)

// overseas is the region of people whose clock is not Japan's; zonesOverseas are the clocks.
var (
	overseas      = term{"Overseas", "海外"}
	zonesOverseas = []string{"America/New_York", "America/Los_Angeles", "Europe/London", "Europe/Berlin", "Asia/Singapore", "Asia/Bangkok", "Australia/Sydney"}
)

// reason is why people leave, how often, after how long, and what they do next.
type reason struct {
	name             term
	share            int // percent
	fromYear, toYear int // tenure
	stages           []term
}

var (
	working  = term{"Career", "就業中"}
	founder  = term{"Founder", "起業"}
	children = term{"Childcare", "子育て"}
	nursing  = term{"Caregiving", "介護"}
	studying = term{"Studying", "就学中"}
	retired  = term{"Retired", "引退"}
)

var reasons = []reason{
	{term{"Career move", "転職"}, 46, 1, 15, []term{working, working, working, working, founder}},
	{term{"Personal reasons", "一身上の都合"}, 14, 1, 25, []term{working, working, children, nursing, studying}},
	{term{"Childcare", "育児"}, 9, 3, 14, []term{children, children, working}},
	{term{"Nursing care", "介護"}, 5, 8, 32, []term{nursing, nursing, working}},
	{term{"Spouse transfer", "配偶者の転勤"}, 4, 2, 16, []term{working, children}},
	{term{"Founding a company", "起業"}, 4, 3, 18, []term{founder}},
	{term{"Studies", "進学・留学"}, 3, 1, 8, []term{studying, working}},
	{term{"Retirement", "定年退職"}, 9, 25, 42, []term{retired, retired, working}},
	{term{"End of contract", "契約満了"}, 5, 0, 5, []term{working}},
	{term{"Disciplinary", "懲戒"}, 1, 1, 20, []term{working}},
}
