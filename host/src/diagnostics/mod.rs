//! What is wrong and what helps, in words for people.

mod failure_texts;
