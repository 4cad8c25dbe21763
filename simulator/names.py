"""Words the generator draws from. Made up; any likeness is chance."""

ORGANISATIONS = (
    ("Kauri Timber Works", "NZD"),
    ("Harbour Roasters", "AUD"),
    ("Pennine Cycle Supply", "GBP"),
    ("Blue Ridge Instruments", "USD"),
    ("Karoo Solar Installations", "ZAR"),
    ("Southern Cross Couriers", "AUD"),
    ("Lantern Bookshops", "GBP"),
    ("Tui Landscape Design", "NZD"),
)

FIRST_NAMES = ("Aroha", "Ben", "Chiara", "Dinesh", "Emma", "Farai", "Grace", "Hemi", "Ines",
               "Jack", "Keiko", "Liam", "Mele", "Noah", "Olivia", "Priya", "Quinn", "Ruby",
               "Sione", "Thandi", "Una", "Viktor", "Wiremu", "Zoë")  # fmt: skip

LAST_NAMES = ("Abbott", "Botha", "Clarke", "Dlamini", "Evans", "Fraser", "Grant", "Hughes",
              "Ito", "Jansen", "Kapoor", "Larsen", "Moana", "Nguyen", "O'Connor", "Patel",
              "Quigley", "Rossi", "Smith", "Taylor", "Underwood", "van Wyk", "Walker",
              "Young")  # fmt: skip

TRADES = ("Bakery", "Brewing", "Cabinets", "Catering", "Cleaning", "Consulting", "Dental",
          "Electrical", "Engineering", "Farms", "Fisheries", "Florists", "Freight", "Gallery",
          "Joinery", "Landscaping", "Legal", "Logistics", "Motors", "Nursery", "Plumbing",
          "Print", "Roofing", "Salon", "Studio", "Supplies", "Trading", "Vets")  # fmt: skip

STREETS = ("High Street", "Queen Street", "Victoria Road", "Mill Lane", "Station Road",
           "Bay View Terrace", "Church Street", "Long Street")  # fmt: skip

GOODS = ("Monthly retainer", "Site visit and report", "Oak boards, planed", "Espresso blend, 1 kg",
         "Frame set, 54 cm", "Calibration of sensors", "Panel installation", "Courier run",
         "Hardback edition", "Garden plan", "Spare parts", "Training day", "Licence, one seat",
         "Delivery, rush (50 % extra)", "Workshop for twelve")  # fmt: skip

COSTS = ("Paper and toner", "Office rent", "Fuel", "Web hosting", "Adverts, spring campaign",
         "Packaging", "Raw timber", "Green beans", "Cleaning service", "Repairs")  # fmt: skip
