//! Lists of made-up models, in the two shapes that are read.

mod comparing;
mod genai_prices;
mod litellm;
mod real_list;
mod told;
