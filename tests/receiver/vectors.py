"""Known signatures over known bytes, with a made-up key. Not made by our code."""

KEY = "kXp2sQ7Lr0vB1mN4tY8uW3eZ6aC9dF5gH2jK7lP0oI4xS1qR8wT3yU6vE9bA5cDnM2fG7hJ0kL4zX1pQ8sV3rw=="
OTHER_KEY = "another-made-up-key"

# 95 bytes, spaced as Xero's hand-made serializer does it.
VALIDATION = (
    b'{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, '
    b'"entropy": "QWMTKZPLHBXVAERDYNCU"}'
)
VALIDATION_SIGNATURE = b"dyy0mFIHpNCCyWIrqUko9vJAY1PqQA8DdG9+2Nks+hM="
VALIDATION_KEY_DECODED = b"luuLrum4imFNgiaJkTP/o92Ndjp14uYFaS48sx1OGI0="

# 789 bytes: an invoice of one organisation and a credit note of another.
EVENTS = (
    b'{"events":[{"resourceUrl":"https://api.xero.com/api.xro/2.0/Invoices/'
    b'5f3c1a52-7c1e-4a0b-9d55-0b6f2f1f8a11","resourceId":"5f3c1a52-7c1e-4a0b-9d55-0b6f2f1f8a11",'
    b'"tenantId":"9d0b7a44-2e5f-4c0e-8a77-63d1c2b4e901","tenantType":"ORGANISATION",'
    b'"eventCategory":"INVOICE","eventType":"UPDATE","eventDateUtc":"2026-11-03T04:17:52.310"},'
    b'{"resourceUrl":"https://api.xero.com/api.xro/2.0/CreditNotes/'
    b'0a6b7c31-91d4-4a5e-8c07-7be0a5b3d2f0","resourceId":"0a6b7c31-91d4-4a5e-8c07-7be0a5b3d2f0",'
    b'"tenantId":"c47a1e90-08f2-4b7d-a1c3-5e2f90b7d664","tenantType":"ORGANISATION",'
    b'"eventCategory":"CREDITNOTE","eventType":"CREATE","eventDateUtc":"2026-11-03T04:17:53.002",'
    b'"data":{"Type":"ACCRECCREDIT","Status":"AUTHORISED"}}],"firstEventSequence": 1207,'
    b'"lastEventSequence": 1208, "entropy": "ZHRQVNAXWTKYBMLDCEPU"}'
)
EVENTS_SIGNATURE = b"SKnuD+owGViTwcZP5gLSni5B1v0gdPZcrRJIJJVyT3c="
EVENTS_REENCODED = b"Hd66nX0GHxFHElqQh+1q4TSyff1xAMv3P1es1nNYxCQ="
INVOICE_TENANT = "9d0b7a44-2e5f-4c0e-8a77-63d1c2b4e901"
CREDIT_NOTE_TENANT = "c47a1e90-08f2-4b7d-a1c3-5e2f90b7d664"
