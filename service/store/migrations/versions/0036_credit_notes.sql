-- A payout that came back has a credit note beside its invoice, in the same run of numbers.
ALTER TABLE payout_invoice
    ADD COLUMN kind text NOT NULL DEFAULT 'invoice' CHECK (kind IN ('invoice', 'credit-note'));
ALTER TABLE payout_invoice DROP CONSTRAINT payout_invoice_pkey;
ALTER TABLE payout_invoice ADD PRIMARY KEY (payout_id, kind);
