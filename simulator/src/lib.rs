//! Kaspi and amoCRM as pure state machines.
