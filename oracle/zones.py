"""Which IANA zone a time zone name of Xero's means, and whether two zones keep the same time.

Source in words: Xero names Windows zones, squeezed and in upper case; CLDR's table of Windows
zones says which place keeps each. A zone has several IANA names, so zones are held against each
other by what their clocks show, not by name.
"""

from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

_TABLE = """
AFGHANISTAN=Asia/Kabul ALASKAN=America/Anchorage ALEUTIAN=America/Adak ALTAI=Asia/Barnaul
ARAB=Asia/Riyadh ARABIAN=Asia/Dubai ARABIC=Asia/Baghdad ARGENTINA=America/Argentina/Buenos_Aires
ASTRAKHAN=Europe/Astrakhan ATLANTIC=America/Halifax AUSCENTRAL=Australia/Darwin
AUSCENTRALW=Australia/Eucla AUSEASTERN=Australia/Sydney AZERBAIJAN=Asia/Baku
AZORES=Atlantic/Azores BAHIA=America/Bahia BANGLADESH=Asia/Dhaka BELARUS=Europe/Minsk
BOUGAINVILLE=Pacific/Bougainville CANADACENTRAL=America/Regina CAPEVERDE=Atlantic/Cape_Verde
CAUCASUS=Asia/Yerevan CENAUSTRALIA=Australia/Adelaide CENTRAL=America/Chicago
CENTRALAMERICA=America/Guatemala CENTRALASIA=Asia/Bishkek CENTRALBRAZILIAN=America/Cuiaba
CENTRALEUROPE=Europe/Budapest CENTRALEUROPEAN=Europe/Warsaw CENTRALPACIFIC=Pacific/Guadalcanal
CHATHAMISLANDS=Pacific/Chatham CHINA=Asia/Shanghai CUBA=America/Havana EAFRICA=Africa/Nairobi
EASTERISLAND=Pacific/Easter EASTERN=America/New_York EAUSTRALIA=Australia/Brisbane
EEUROPE=Europe/Chisinau EGYPT=Africa/Cairo EKATERINBURG=Asia/Yekaterinburg
ESOUTHAMERICA=America/Sao_Paulo FIJI=Pacific/Fiji FLE=Europe/Kyiv GEORGIAN=Asia/Tbilisi
GMT=Europe/London GREENLAND=America/Nuuk GREENWICH=Atlantic/Reykjavik GTB=Europe/Bucharest
HAITI=America/Port-au-Prince HAWAIIAN=Pacific/Honolulu INDIA=Asia/Kolkata IRAN=Asia/Tehran
ISRAEL=Asia/Jerusalem JORDAN=Asia/Amman KALININGRAD=Europe/Kaliningrad KOREA=Asia/Seoul
LIBYA=Africa/Tripoli LINEISLANDS=Pacific/Kiritimati LORDHOWE=Australia/Lord_Howe
MAGADAN=Asia/Magadan MAGALLANES=America/Punta_Arenas MARQUESAS=Pacific/Marquesas
MAURITIUS=Indian/Mauritius MIDDLEEAST=Asia/Beirut MONTEVIDEO=America/Montevideo
MOROCCO=Africa/Casablanca MOUNTAIN=America/Denver MYANMAR=Asia/Yangon NAMIBIA=Africa/Windhoek
NCENTRALASIA=Asia/Novosibirsk NEPAL=Asia/Kathmandu NEWFOUNDLAND=America/St_Johns
NEWZEALAND=Pacific/Auckland NORFOLK=Pacific/Norfolk NORTHASIA=Asia/Krasnoyarsk
NORTHASIAEAST=Asia/Irkutsk NORTHKOREA=Asia/Pyongyang OMSK=Asia/Omsk PACIFIC=America/Los_Angeles
PACIFICSA=America/Santiago PAKISTAN=Asia/Karachi PARAGUAY=America/Asuncion
QYZYLORDA=Asia/Qyzylorda ROMANCE=Europe/Paris RUSSIAN=Europe/Moscow
SAEASTERN=America/Cayenne SAINTPIERRE=America/Miquelon SAKHALIN=Asia/Sakhalin SAMOA=Pacific/Apia
SAOTOME=Africa/Sao_Tome SAPACIFIC=America/Bogota SARATOV=Europe/Saratov SAWESTERN=America/La_Paz
SEASIA=Asia/Bangkok SINGAPORE=Asia/Singapore SOUTHAFRICA=Africa/Johannesburg
SOUTHSUDAN=Africa/Juba SRILANKA=Asia/Colombo SUDAN=Africa/Khartoum SYRIA=Asia/Damascus
TAIPEI=Asia/Taipei TASMANIA=Australia/Hobart TOCANTINS=America/Araguaina TOKYO=Asia/Tokyo
TOMSK=Asia/Tomsk TONGA=Pacific/Tongatapu TRANSBAIKAL=Asia/Chita TURKEY=Europe/Istanbul
TURKSANDCAICOS=America/Grand_Turk ULAANBAATAR=Asia/Ulaanbaatar
USEASTERN=America/Indiana/Indianapolis USMOUNTAIN=America/Phoenix VENEZUELA=America/Caracas
VLADIVOSTOK=Asia/Vladivostok VOLGOGRAD=Europe/Volgograd WAUSTRALIA=Australia/Perth
WCENTRALAFRICA=Africa/Lagos WESTASIA=Asia/Tashkent WESTBANK=Asia/Hebron
WESTPACIFIC=Pacific/Port_Moresby WEUROPE=Europe/Berlin WMONGOLIA=Asia/Hovd YAKUTSK=Asia/Yakutsk
YUKON=America/Whitehorse
"""
_OTHERS = {
    "CENTRALSTANDARDTIME(MEXICO)": "America/Mexico_City",
    "EASTERNSTANDARDTIME(MEXICO)": "America/Cancun",
    "MOUNTAINSTANDARDTIME(MEXICO)": "America/Mazatlan",
    "PACIFICSTANDARDTIME(MEXICO)": "America/Tijuana",
    "DATELINESTANDARDTIME": "Etc/GMT+12",
    "RUSSIATIMEZONE3": "Europe/Samara",
    "RUSSIATIMEZONE10": "Asia/Srednekolymsk",
    "RUSSIATIMEZONE11": "Asia/Kamchatka",
    "UTC": "Etc/UTC",
    "UTC+12": "Etc/GMT-12",
    "UTC+13": "Etc/GMT-13",
    "UTC02": "Etc/GMT+2",
    "UTC08": "Etc/GMT+8",
    "UTC09": "Etc/GMT+9",
    "UTC11": "Etc/GMT+11",
}
#: Xero's name to an IANA name. Not here: KAMCHATKASTANDARDTIME and MIDATLANTICSTANDARDTIME, which
#: Windows gave up and CLDR gives no place; a zone outside this table is not judged.
ZONES = MappingProxyType(
    {
        **{
            f"{name}STANDARDTIME": zone
            for name, _, zone in (entry.partition("=") for entry in _TABLE.split())
        },
        **_OTHERS,
    }
)


def zone_of(name: str | None) -> str | None:
    """The IANA name of a zone of Xero's; None where it is not known."""
    return None if name is None else ZONES.get(name.upper())


@lru_cache(maxsize=1024)
def same_zone(one: str, other: str) -> bool:
    """Whether the clocks of two zones show the same through every month of 2024 to 2027."""
    if one == other:
        return True
    try:
        first, second = ZoneInfo(one), ZoneInfo(other)
    except (KeyError, ValueError, OSError):
        return False
    return all(
        moment.astimezone(first).utcoffset() == moment.astimezone(second).utcoffset()
        for moment in (
            datetime(year, month, day, 12, tzinfo=UTC)
            for year in range(2024, 2028)
            for month in range(1, 13)
            for day in (1, 15)
        )
    )
