/** How many tools there are besides those that come with Gantry. */
export const MORE_TOOLS = 500;
