package attack

import "sync"

// places are countries by their ISO 3166-1 alpha-2 code, and regions.
var places = sync.OnceValue(func() *gazetteer { return gazetteerOf(countryPhrases, regionPhrases, false) })

// trades are the sectors that ATT&CK's descriptions speak of.
var trades = sync.OnceValue(func() *gazetteer { return gazetteerOf(sectorPhrases, "", true) })

const countryPhrases = `AE: United Arab Emirates, UAE, Emirati
AF: Afghanistan, Afghani, Afghan
AL: Albania, Albanian
AM: Armenia, Armenian
AR: Argentina, Argentinian
AT: Austria, Austrian
AU: Australia, Australian
AZ: Azerbaijan, Azerbaijani
BD: Bangladesh, Bangladeshi
BE: Belgium, Belgian
BG: Bulgaria, Bulgarian
BH: Bahrain
BR: Brazil, Brazilian
BT: Bhutan
BY: Belarus, Belarusian
CA: Canada, Canadian
CH: Switzerland, Swiss
CL: Chile, Chilean
CN: China, Chinese, PRC, People's Republic of China
CO: Colombia, Colombian
CU: Cuba, Cuban
CY: Cyprus
CZ: Czech Republic, Czechia, Czech
DE: Germany, German
DK: Denmark, Danish
DZ: Algeria
EC: Ecuador, Ecuadorian
EE: Estonia, Estonian
EG: Egypt, Egyptian
ES: Spain, Spanish
ET: Ethiopia, Ethiopian
FI: Finland, Finnish
FR: France, French
GB: United Kingdom, UK, U.K, Britain, British
GE: Georgia, Georgian
GR: Greece, Greek
GT: Guatemala
GU: Guam
HK: Hong Kong
HU: Hungary, Hungarian
ID: Indonesia, Indonesian
IE: Ireland, Irish
IL: Israel, Israeli
IN: India, Indian
IQ: Iraq, Iraqi
IR: Iran, Iranian, Islamic Republic of Iran
IT: Italy, Italian
JO: Jordan, Jordanian
JP: Japan, Japanese
KE: Kenya
KG: Kyrgyzstan
KH: Cambodia, Cambodian
KP: North Korea, North Korean, DPRK
KR: South Korea, South Korean, Republic of Korea
KW: Kuwait, Kuwaiti
KZ: Kazakhstan, Kazakh
LA: Laos, Laotian
LB: Lebanon, Lebanese
LK: Sri Lanka, Sri Lankan
LT: Lithuania, Lithuanian
LV: Latvia, Latvian
LY: Libya, Libyan
MA: Morocco, Moroccan
MD: Moldova, Moldovan
MM: Myanmar, Burma
MN: Mongolia, Mongolian
MX: Mexico, Mexican
MY: Malaysia, Malaysian
MZ: Mozambique
NG: Nigeria, Nigerian
NL: Netherlands, Dutch
NO: Norway, Norwegian
NP: Nepal, Nepali, Nepalese
NZ: New Zealand
OM: Oman, Omani
PA: Panama
PE: Peru, Peruvian
PH: Philippines, Philippine, Filipino
PK: Pakistan, Pakistani
PL: Poland, Polish
PS: Palestine, Palestinian, Palestinian Territories
PT: Portugal, Portuguese
QA: Qatar, Qatari
RO: Romania, Romanian
RS: Serbia, Serbian
RU: Russia, Russian, Russian Federation
RW: Rwanda
SA: Saudi Arabia, Saudi Arabian, Saudi
SE: Sweden, Swedish
SG: Singapore, Singaporean
SI: Slovenia
SK: Slovakia
SO: Somalia
SY: Syria, Syrian
TH: Thailand, Thai
TJ: Tajikistan
TM: Turkmenistan
TN: Tunisia, Tunisian
TR: Turkey, Turkish, Türkiye
TW: Taiwan, Taiwanese
UA: Ukraine, Ukrainian
US: United States, US, U.S, USA, U.S.A, American, United States of America
UZ: Uzbekistan
VE: Venezuela, Venezuelan
VN: Vietnam, Vietnamese
YE: Yemen, Yemeni
ZA: South Africa, South African`

const regionPhrases = `Africa: Africa, African, East Africa, West Africa
North Africa: North Africa, Northern Africa
Asia: Asia, Asian
Central Asia: Central Asia, Central Asian
East Asia: East Asia, East Asian, Eastern Asia
South Asia: South Asia, South Asian
Southeast Asia: Southeast Asia, Southeast Asian, South East Asia, Southeastern Asia
Asia-Pacific: Asia-Pacific, Asia Pacific, APAC, Indo-Pacific
Caucasus: Caucasus
Europe: Europe, European, EU, Western Europe, European Union
Eastern Europe: Eastern Europe, Eastern European
Latin America: Latin America, Latin American, Central America
South America: South America, South American
Middle East: Middle East, Middle Eastern, Persian Gulf, Gulf
North America: North America, North American
Oceania: Oceania`

const sectorPhrases = `academia: universities, university, academia, academic, academics, higher education, research institutes, research institutions, research
aerospace: aerospace, satellite, satellite communications, space
agriculture: agriculture, agricultural
automotive: automotive
aviation: aviation, airlines, airline
chemical: chemical
civil society: ngos, ngo, non-governmental organizations, nongovernmental organizations, non-government organizations, non-profit, nonprofit, human rights, civil society, dissidents, activists, minority rights, religious institutions
construction: construction
cryptocurrency: cryptocurrency, cryptocurrency exchanges, blockchain
defense: defense, defence, military, defense contractors, defense industrial base, armed forces
diplomacy: diplomatic, embassies, embassy, foreign ministries, ministries of foreign affairs, diplomats, foreign affairs
education: education, educational, schools
energy: energy, oil, oil and gas, petroleum, gas, nuclear, electric, power, utilities, utility
engineering: engineering
entertainment: entertainment
finance: financial, finance, banks, banking, bank, financial institutions, financial services, insurance, investment, swift, atms
food: food, food and beverage, restaurant, restaurants
gambling: gambling, gambling companies, casinos, betting
gaming: gaming, video game, video games
government: government, governments, governmental, government agencies, ministries, public sector, state institutions, political, political organizations, public administration
healthcare: healthcare, health care, medical, hospitals, health, infectious disease researchers
hospitality: hospitality, hotels, hotel
industrial: industrial, industrial control systems, critical infrastructure
law enforcement: law enforcement, judiciary
legal: legal, law firms, legal services
manufacturing: manufacturing, manufacturers
maritime: maritime, shipping, naval
media: media, journalists, news media, press
mining: mining
pharmaceutical: pharmaceutical, pharmaceuticals, biotechnology, biotech
professional services: consulting, business services, professional services
real estate: real estate
retail: retail, point of sale, point-of-sale, e-commerce
semiconductors: semiconductor, semiconductors
technology: technology, technologies, high-tech, high tech, it, information technology, software, it services, it service providers, managed service providers, cybersecurity, cloud services
telecommunications: telecommunications, telecommunication, telecom, telecoms, internet service providers, isps, isp, mobile
think tanks: think tanks, think tank, policy
transportation: transportation, transport, logistics, travel`
