-- A default partition is the safety net: an INSERT never lacks a partition.
-- The worker makes the monthly ones ahead of time.

CREATE TABLE IF NOT EXISTS io_notify.message_default PARTITION OF io_notify.message DEFAULT;
CREATE TABLE IF NOT EXISTS io_notify.delivery_default PARTITION OF io_notify.delivery DEFAULT WITH (fillfactor = 75);
CREATE TABLE IF NOT EXISTS io_notify.attempt_default PARTITION OF io_notify.attempt DEFAULT;
CREATE TABLE IF NOT EXISTS io_notify.receipt_default PARTITION OF io_notify.receipt DEFAULT;
CREATE TABLE IF NOT EXISTS io_notify.inbox_state_default PARTITION OF io_notify.inbox_state DEFAULT;

SELECT io_notify._make_partitions();
