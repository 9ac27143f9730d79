package jpki

// Holders are the six people whose cards Kazasu ships. Nobody bears these
// names (試験 test, 見本 specimen, 例示 example, 架空 fiction); the municipalities
// exist, so that software which looks them up goes on, but none of these towns
// and blocks does; and each 個人番号 has a wrong check digit, so that it can't be
// anybody's. The table is new on every call: change it as you like.
//
// hanako is the ordinary case; taro has PINs of his own; yoshiko's name and
// address have a character that certificates can't hold; choju's address has
// the longest length, 200 characters, so that his files need long headers and
// several reads; mirai is under 15; tsuru was born in 大正.
func Holders() []Holder {
	return []Holder{hanako(), taro(), yoshiko(), choju(), mirai(), tsuru()}
}

// HolderByID is the shipped holder of this ID.
func HolderByID(id string) (Holder, bool) {
	for _, h := range Holders() {
		if h.ID == id {
			return h, true
		}
	}
	return Holder{}, false
}

func hanako() Holder {
	return Holder{
		ID: "hanako", Name: "試験　花子", Birth: "19900401", Sex: SexFemale,
		Address:  "東京都渋谷区架空町９９丁目９９番９９号",
		MyNumber: "990000000010", SecurityCode: "0001", CardExpiry: "20350401",
		Prefecture: "Tokyo-to", City: "Shibuya-ku", Municipality: "13113",
		AuthPIN: NewPIN("1234"), TextPIN: NewPIN("1234"), SignPassword: NewPIN("ABC123"),
	}
}

func taro() Holder {
	return Holder{
		ID: "taro", Name: "見本　太郎", Birth: "19800217", Sex: SexMale,
		Address:  "神奈川県横浜市中区見本台９８丁目９７番地",
		MyNumber: "990000000020", SecurityCode: "0002", CardExpiry: "20350217",
		Prefecture: "Kanagawa-ken", City: "Yokohama-shi-Naka-ku", Municipality: "14104",
		AuthPIN: NewPIN("2468"), TextPIN: NewPIN("1357"), SignPassword: NewPIN("MIHON2468"),
	}
}

// yoshiko's 𠮷 (U+20BB7) lies outside the characters of certificates, which
// have 吉 and a flag instead.
func yoshiko() Holder {
	return Holder{
		ID: "yoshiko", Name: "例示　𠮷子", Birth: "20001231", Sex: SexFemale,
		Address:         "北海道札幌市南区架空𠮷町９７条９８丁目９９番",
		CertificateName: "例示　吉子", NameFlags: "00010",
		CertificateAddress: "北海道札幌市南区架空吉町９７条９８丁目９９番", AddressFlags: "0000000000100000000000",
		MyNumber: "990000000030", SecurityCode: "0003", CardExpiry: "20351231",
		Prefecture: "Hokkaido", City: "Sapporo-shi-Minami-ku", Municipality: "01106",
		AuthPIN: NewPIN("1234"), TextPIN: NewPIN("1234"), SignPassword: NewPIN("ABC123"),
	}
}

func choju() Holder {
	return Holder{
		ID: "choju", Name: "架空　長寿", Birth: "19650703", Sex: SexMale,
		Address: "京都府京都市上京区架空小路通見本上る例示町９９９番地の９９" +
			"架空財団法人試験用住所見本普及協会附属長大住所研究所併設集合住宅" +
			"第九十九号館東棟北翼九十九階九九九九号室見本通用門入って右奥の長い廊下の突き当たり" +
			"さらに架空の階段を九十九段のぼり例示用の渡り廊下を渡った先の離れ二階" +
			"試験用表札の下見本荘管理人室気付長い住所の取り扱いを確かめる試験係" +
			"担当見本番号九九九九九九九九号第九十九分室試験用郵便受九九九番",
		MyNumber: "990000000040", SecurityCode: "0004", CardExpiry: "20350703",
		Prefecture: "Kyoto-fu", City: "Kyoto-shi-Kamigyo-ku", Municipality: "26102",
		AuthPIN: NewPIN("1234"), TextPIN: NewPIN("1234"), SignPassword: NewPIN("ABC123"),
	}
}

func mirai() Holder {
	return Holder{
		ID: "mirai", Name: "試験　未来", Birth: "20200505", Sex: SexFemale,
		Address:  "大阪府大阪市都島区架空本通９９丁目９８番９７号",
		MyNumber: "990000000050", SecurityCode: "0005", CardExpiry: "20300505",
		Prefecture: "Osaka-fu", City: "Osaka-shi-Miyakojima-ku", Municipality: "27102",
		AuthPIN: NewPIN("1234"), TextPIN: NewPIN("1234"),
		UnderFifteen: true,
	}
}

func tsuru() Holder {
	return Holder{
		ID: "tsuru", Name: "見本　鶴", Birth: "19251103", Sex: SexFemale,
		Address:  "福岡県福岡市東区例示浜９９丁目９９番１号",
		MyNumber: "990000000061", SecurityCode: "0006", CardExpiry: "20351103",
		Prefecture: "Fukuoka-ken", City: "Fukuoka-shi-Higashi-ku", Municipality: "40131",
		AuthPIN: NewPIN("1234"), TextPIN: NewPIN("1234"), SignPassword: NewPIN("ABC123"),
	}
}
