-- Metering by hand, as somebody would write it who knows PostgreSQL and wants what the bench's events need: a balance
-- that cannot fall below zero, a key that charges once, and a line of account for each charge.
CREATE TABLE wallet (
    customer text PRIMARY KEY,
    balance  bigint NOT NULL CHECK (balance >= 0)
);

CREATE TABLE event (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer        text NOT NULL REFERENCES wallet,
    idempotency_key text NOT NULL,
    event_type      text NOT NULL,
    properties      jsonb NOT NULL,
    cost            numeric NOT NULL,
    currency        text NOT NULL,
    credits         bigint NOT NULL,
    recorded_at     timestamptz NOT NULL DEFAULT now(),
    UNIQUE (customer, idempotency_key)
);

CREATE TABLE entry (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id      bigint NOT NULL REFERENCES event,
    customer      text NOT NULL,
    credits       bigint NOT NULL,
    balance_after bigint NOT NULL
);
CREATE INDEX ON entry (customer, id);

-- One event in one call. Returns the balance after it, or null where the key was charged before.
CREATE FUNCTION meter(
    customer_ text, key_ text, type_ text, properties_ jsonb, cost_ numeric, currency_ text, credits_ bigint
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    event_ bigint;
    after_ bigint;
BEGIN
    INSERT INTO event (customer, idempotency_key, event_type, properties, cost, currency, credits)
    VALUES (customer_, key_, type_, properties_, cost_, currency_, credits_)
    ON CONFLICT (customer, idempotency_key) DO NOTHING RETURNING id INTO event_;
    IF event_ IS NULL THEN
        RETURN NULL;
    END IF;
    UPDATE wallet SET balance = balance - credits_ WHERE customer = customer_ AND balance >= credits_
    RETURNING balance INTO after_;
    IF after_ IS NULL THEN
        RAISE EXCEPTION 'insufficient credits';
    END IF;
    INSERT INTO entry (event_id, customer, credits, balance_after)
    VALUES (event_, customer_, -credits_, after_);
    RETURN after_;
END $$;
