package behaviour

// defaultWords are what those look for who collect for a foreign ministry, in the languages of the
// places where this has been seen: the subjects are those of public reports (summits and visits,
// embassies and ministries, armed forces and their plans), the words are ours. A pack adds names of
// people, countries and meetings; "*" at the end stands for any ending.
func defaultWords() []Words {
	return []Words{
		{"en", "diplomacy", []string{
			"summit", "summits", "embassy", "embassies", "ambassador*", "consulate*", "diplomat*", "foreign ministry", "foreign minister", "minister of foreign affairs",
			"ministry of foreign affairs", "treaty", "treaties", "bilateral", "state visit", "head of state", "heads of state", "ceasefire", "talking points", "diplomatic cable*",
		}, true},
		{"en", "defence", []string{
			"military", "armed forces", "ministry of defence", "ministry of defense", "defence minister", "defense minister", "general staff", "joint exercise", "joint exercises",
			"arms deal", "peacekeeping", "national security", "intelligence service", "top secret",
		}, true},
		{"fr", "diplomacy", []string{
			"sommet", "sommets", "ambassade*", "ambassadeur*", "ambassadrice", "consulat*", "diplomati*", "affaires étrangères", "traité", "traités", "visite d'état", "chef d'état",
			"chefs d'état", "cessez-le-feu",
		}, true},
		{"fr", "defence", []string{
			"militaire*", "forces armées", "état-major", "ministère de la défense", "ministre de la défense", "sécurité nationale", "secret défense", "confidentiel défense",
		}, true},
		{"ar", "diplomacy", []string{
			"قمة", "سفارة", "السفارات", "سفير", "السفراء", "قنصلية", "دبلوماسي*", "وزارة الخارجية", "وزير الخارجية", "معاهدة", "زيارة رسمية", "رئيس الدولة", "وقف إطلاق النار",
		}, true},
		{"ar", "defence", []string{
			"عسكري*", "القوات المسلحة", "وزارة الدفاع", "وزير الدفاع", "هيئة الأركان", "رئيس الأركان", "الأمن القومي", "الأمن الوطني", "المخابرات", "سري للغاية",
		}, true},
		{"fa", "diplomacy", []string{
			"اجلاس", "سفارت", "سفیر", "کنسولگری", "دیپلمات*", "وزارت خارجه", "وزارت امور خارجه", "وزیر امور خارجه", "وزیر خارجه", "معاهده", "آتش بس",
		}, true},
		{"fa", "defence", []string{"نظامی", "نیروهای مسلح", "وزارت دفاع", "وزیر دفاع", "ستاد کل", "امنیت ملی", "فوق سری"}, true},
		{"zh", "diplomacy", []string{
			"峰会", "峰會", "首脑会议", "大使", "使馆", "使館", "领事馆", "領事館", "外交", "外长", "外長", "条约", "條約", "国事访问", "國事訪問", "国家元首", "國家元首", "停火",
		}, true},
		{"zh", "defence", []string{"军事", "軍事", "军队", "軍隊", "国防", "國防", "总参谋部", "国家安全", "國家安全", "绝密", "絕密", "机密", "機密"}, true},
		{"ru", "diplomacy", []string{"саммит*", "посольств*", "посол", "консульств*", "дипломат*", "министерство иностранных дел", "министр иностранных дел"}, true},
		{"ru", "defence", []string{"вооруженные силы", "министерство обороны", "министр обороны", "генеральный штаб", "генштаб*", "национальная безопасность", "совершенно секретно"}, true},
		{"es", "diplomacy", []string{"cumbre", "cumbres", "embajada*", "embajador*", "consulado*", "diplomátic*", "relaciones exteriores", "asuntos exteriores", "jefe de estado"}, true},
		{"es", "defence", []string{"fuerzas armadas", "ministerio de defensa", "ministro de defensa", "estado mayor", "seguridad nacional"}, true},
	}
}
